"""Which comments of a wave may be read, and the shares of their sentiment, frozen with the wave.

A list of comments needs eight of them from three companies, none of which wrote more than half.
Where the wave's list may be read, everybody can count it, so its sentiment is published with it; by
driver only from ten comments on, because fewer say nothing. Source: method of confidentiality,
section 2.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.figures import HIDDEN, Figure
from analysis.frames import WavePeople
from analysis.models import CommentVerdict, VerdictDriver
from analysis.published_rows import published_row
from analysis.samples import weighted_company_size
from analysis.suppression import TOTAL, Policy, Pool, publish_comments
from surveys.models import (
    Comment,
    CommentAuthor,
    Invitation,
    Question,
    Wave,
)
from surveys.pools import of_pool
from surveys.terms import CellState, Mode

COMMENTS = "comments"
DRIVER_PREFIX = "comments."
MIN_FOR_SHARES = 10
UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class ReadComment:
    """What counts of one comment: label (or unsure), drivers, its question's driver, company.

    `said_by` is one person at one question, who may write in several waves of a pool.
    """

    id: bytes
    label: str
    drivers: Mapping[str, str]
    question_driver: str | None
    company: Hashable
    said_by: Hashable


def published_comments(
    session: Session, wave: Wave, policy: Policy, people: WavePeople
) -> list[dict[str, Any]]:
    """The comment cells of a wave: one for its list, one for each driver with enough of them."""
    comments = read_comments_of(session, wave)
    pools = _pools(_once_a_person(comments) if wave.is_pooled else comments, wave, people)
    lists = publish_comments(pools, policy)
    if not lists.has_wave:
        hidden = Figure(state=CellState.HIDDEN, reason="too_few")
        return [published_row(wave.id, COMMENTS, TOTAL, hidden)] if comments else []
    rows = [_cell(wave, COMMENTS, comments, [comment.label for comment in comments], people)]
    by_driver: dict[str, list[ReadComment]] = defaultdict(list)
    for comment in comments:
        for driver in comment.drivers:
            by_driver[driver].append(comment)
    for driver, touched in sorted(by_driver.items()):
        metric = DRIVER_PREFIX + driver
        if len(touched) < MIN_FOR_SHARES:
            rows.append(published_row(wave.id, metric, TOTAL, HIDDEN))
        else:
            labels = [
                UNSURE if comment.label == UNSURE else comment.drivers[driver]
                for comment in touched
            ]
            rows.append(_cell(wave, metric, touched, labels, people))
    return rows


def read_comments_of(session: Session, wave: Wave) -> list[ReadComment]:
    """A wave's comments with the verdict that counts; of a pool, those of all its waves."""
    drivers = _drivers_of(session, wave)
    rows = session.execute(
        select(
            CommentVerdict.comment_id,
            CommentVerdict.label,
            CommentVerdict.is_unsure,
            Question.driver_code,
            Invitation.partner_id,
            Invitation.id.label("invitation_id"),
            Invitation.contact_id,
            Comment.question_id,
        )
        .join(Comment, Comment.id == CommentVerdict.comment_id)
        .join(Question, Question.id == Comment.question_id)
        .outerjoin(CommentAuthor, CommentAuthor.comment_id == Comment.id)
        .outerjoin(Invitation, Invitation.id == CommentAuthor.response_id)
        .where(of_pool(CommentVerdict.wave_id, wave))
        .order_by(CommentVerdict.wave_id, CommentVerdict.comment_id)
    )
    return [_read(row, drivers[row.comment_id]) for row in rows]


def _drivers_of(session: Session, wave: Wave) -> dict[bytes, dict[str, str]]:
    """The drivers that each comment touches by the verdict that counts, with the polarity."""
    found: dict[bytes, dict[str, str]] = defaultdict(dict)
    for row in session.execute(
        select(VerdictDriver.comment_id, VerdictDriver.driver_code, VerdictDriver.polarity).where(
            of_pool(VerdictDriver.wave_id, wave)
        )
    ):
        found[row.comment_id][row.driver_code] = row.polarity
    return found


def _read(row: Any, drivers: Mapping[str, str]) -> ReadComment:
    label = UNSURE if row.is_unsure else row.label.value
    company = ("person", row.invitation_id) if row.partner_id is None else row.partner_id
    return ReadComment(row.comment_id, label, drivers, row.driver_code, company, _said_by(row))


def _said_by(row: Any) -> Hashable:
    if row.invitation_id is None:
        return bytes(row.comment_id)
    # Two nameless marks of a company may be one person.
    person = ("erased", row.partner_id) if row.contact_id is None else row.contact_id
    return person, row.question_id


def _once_a_person(comments: Sequence[ReadComment]) -> list[ReadComment]:
    """The newest of whoever wrote at the same question in several waves of a pool.

    All may be read, but who wrote often must not make a list look as if many had written.
    """
    return list({comment.said_by: comment for comment in comments}.values())


def _pools(comments: Sequence[ReadComment], wave: Wave, people: WavePeople) -> dict[str, Pool]:
    """Comments by the driver under whose question they stand; those of no driver together."""
    grouped: dict[str, list[ReadComment]] = defaultdict(list)
    for comment in comments:
        grouped[comment.question_driver or ""].append(comment)
    if wave.mode is Mode.ANONYMOUS:
        took_part = Counter(people.company_of.values())
        return {name: Pool(len(group), dict(took_part)) for name, group in grouped.items()}
    return {
        name: Pool(len(group), dict(Counter(comment.company for comment in group)))
        for name, group in grouped.items()
    }


def _cell(
    wave: Wave,
    metric: str,
    comments: Sequence[ReadComment],
    labels: Sequence[str],
    people: WavePeople,
) -> dict[str, Any]:
    is_anonymous = wave.mode is Mode.ANONYMOUS
    companies = Counter(
        people.company_of.values() if is_anonymous else (each.company for each in comments)
    )
    figure = Figure(
        state=CellState.EXACT,
        n=len(comments),
        n_companies=None if is_anonymous else len(companies),
    )
    row = published_row(wave.id, metric, TOTAL, figure)
    row["figures"] = {
        "counts": dict(sorted(Counter(labels).items())),
        "company_size": round(weighted_company_size(companies.values()), 6),
    }
    return row
