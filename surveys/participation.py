"""How far the invited of a wave came: counts from the marks on invitations. Facts, no estimate.

No answer is read here, so these figures may be shown while a wave is open, in every mode.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from surveys.models import Invitation, OutgoingMail, SegmentProfile, Wave
from surveys.terms import Audience, MailKind, MailState, WaveState

#: Where the counts of a closed wave hold its companies and segments.
DETAIL = "detail"
FIRST_MAILS = (MailKind.INVITATION, MailKind.STAFF_INVITATION)
#: A first mail in one of these has not left, or never will.
UNSENT = (
    MailState.QUEUED,
    MailState.DEFERRED,
    MailState.CLAIMED,
    MailState.FAILED,
    MailState.SUPPRESSED,
    MailState.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Participation:
    """Counts of people in one wave, each part of the one before.

    `delivered` = invited without hard bounces and without mails that have not left. In anonymous
    mode nothing is known between delivered and answered: `opened` and `started` equal `answered`.
    Source: method of statistics, section 7.
    """

    invited: int = 0
    delivered: int = 0
    opened: int = 0
    started: int = 0
    answered: int = 0

    @property
    def response_rate(self) -> float | None:
        """answered / delivered, 0..1; None while nothing is delivered."""
        return self.answered / self.delivered if self.delivered else None


@dataclass(frozen=True, slots=True)
class GroupCount:
    """People of one segment value: invited, of how many companies, and who of them took part.

    Taking part is an answer that is stored, in anonymous mode one that was sent.
    """

    invited: int = 0
    took_part: int = 0
    n_companies: int = 0

    def __add__(self, other: "GroupCount") -> "GroupCount":
        """Both groups together; a company is in one of them only."""
        return GroupCount(
            self.invited + other.invited,
            self.took_part + other.took_part,
            self.n_companies + other.n_companies,
        )


@dataclass(frozen=True, slots=True)
class ParticipationDetail:
    """Who was asked and took part, by company and by the segments frozen on the invitations.

    `sent` are first mails that have left, and may have come back. `company_size` is the mean number
    of invited colleagues, oneself included, that an invited person has (Kish's m_w); 1 for staff
    and for nobody. `groups`: dimension, segment value, counts. Small groups are among them: whoever
    shows them merges those first.
    """

    sent: int = 0
    n_companies: int = 0
    n_companies_took_part: int = 0
    company_size: float = 1.0
    groups: Mapping[str, Mapping[str, GroupCount]] = field(default_factory=dict)


def participation(session: Session, wave: Wave) -> Participation:
    """The counts of one wave."""
    return participations(session, [wave.id])[wave.id]


def participations(session: Session, wave_ids: Sequence[int]) -> dict[int, Participation]:
    """The counts of each of these waves; three statements at most, however many they are.

    A closed wave has them with it, so that no page counts invitations whose marks cannot change.
    """
    kept = session.execute(
        select(Wave.id, Wave.participation).where(
            Wave.id.in_(wave_ids), Wave.participation.is_not(None)
        )
    )
    found = {row.id: _participation(row.participation) for row in kept}
    return found | _counted(session, [each for each in wave_ids if each not in found])


def keep_participation(session: Session, wave: Wave) -> None:
    """Count a closed wave for the last time: its marks and first mails are final."""
    counts = _counted(session, [wave.id])[wave.id]
    wave.participation = {**asdict(counts), DETAIL: asdict(_counted_detail(session, wave))}


def participation_detail(session: Session, wave: Wave) -> ParticipationDetail:
    """Companies and segments of one wave; no statement for a wave that has been closed.

    Before the shuffle an anonymous answer is in no group, so that nobody can watch one group grow
    by a single person.
    """
    kept = (wave.participation or {}).get(DETAIL)
    return _counted_detail(session, wave) if kept is None else _detail(kept)


def _participation(kept: Mapping[str, Any]) -> Participation:
    return Participation(**{each.name: kept[each.name] for each in fields(Participation)})


def _detail(kept: Mapping[str, Any]) -> ParticipationDetail:
    groups = {
        dimension: {value: GroupCount(**counts) for value, counts in values.items()}
        for dimension, values in kept["groups"].items()
    }
    return ParticipationDetail(**{**kept, "groups": groups})


def _counted_detail(session: Session, wave: Wave) -> ParticipationDetail:
    rows = _profile_counts(session, wave)
    invited = sum(row.counts.invited for row in rows)
    unsent = _unsent(session, [wave.id]).get(wave.id, 0)
    return ParticipationDetail(
        sent=invited - unsent,
        n_companies=sum(row.counts.n_companies for row in rows),
        n_companies_took_part=sum(row.n_companies_took_part for row in rows),
        company_size=sum(row.squares for row in rows) / invited if invited else 1.0,
        groups=_groups(wave.dimensions, rows),
    )


@dataclass(frozen=True, slots=True)
class _ProfileCount:
    """One combination of segments: its people, companies, and the squares of company sizes."""

    segments: Mapping[str, str]
    counts: GroupCount
    n_companies_took_part: int
    squares: int


def _profile_counts(session: Session, wave: Wave) -> list[_ProfileCount]:
    """Counts of each combination of segments: one statement for all dimensions.

    All people of a company have its combination, so that companies add up. Of staff everybody is
    one of one.
    """
    counts = _by_profile(wave).subquery()
    rows = session.execute(
        select(SegmentProfile.segments, counts)
        .join(counts, SegmentProfile.profile_no == counts.c.profile_no)
        .where(SegmentProfile.wave_id == wave.id)
    )
    # PostgreSQL sums whole numbers as decimals.
    return [
        _ProfileCount(
            row.segments,
            GroupCount(int(row.invited), int(row.took_part), row.n_companies),
            int(row.n_companies_took_part),
            int(row.squares),
        )
        for row in rows
    ]


def _by_profile(wave: Wave) -> Select[Any]:
    is_partner = wave.audience is Audience.PARTNER
    people = (
        select(
            # Grouped by company alone, SQLite walks the index and sorts nothing.
            func.min(Invitation.profile_no).label("profile_no"),
            func.count().label("invited"),
            func.sum(case((_took_part(wave), 1), else_=0)).label("took_part"),
        )
        .where(Invitation.wave_id == wave.id)
        .group_by(Invitation.partner_id if is_partner else Invitation.id)
        .subquery()
    )
    return select(
        people.c.profile_no,
        func.sum(people.c.invited).label("invited"),
        func.sum(people.c.took_part).label("took_part"),
        func.count().label("n_companies"),
        func.sum(case((people.c.took_part > 0, 1), else_=0)).label("n_companies_took_part"),
        func.sum(people.c.invited * people.c.invited).label("squares"),
    ).group_by(people.c.profile_no)


def _took_part(wave: Wave) -> ColumnElement[bool]:
    marked = or_(Invitation.started_on.is_not(None), Invitation.answered_on.is_not(None))
    return marked if wave.state is WaveState.CLOSED else and_(marked, ~Invitation.is_waiting)


def _groups(
    dimensions: Sequence[str], rows: Sequence[_ProfileCount]
) -> dict[str, dict[str, GroupCount]]:
    groups: dict[str, dict[str, GroupCount]] = {
        name: defaultdict(GroupCount) for name in dimensions
    }
    for row in rows:
        for name, values in groups.items():
            if name in row.segments:
                values[row.segments[name]] += row.counts
    return {name: dict(sorted(values.items())) for name, values in groups.items() if values}


def _counted(session: Session, wave_ids: Sequence[int]) -> dict[int, Participation]:
    if not wave_ids:
        return {}
    undelivered = _undelivered(session, wave_ids)
    marks = session.execute(
        select(
            Invitation.wave_id,
            func.count().label("invited"),
            func.count(Invitation.opened_on).label("opened"),
            func.count(Invitation.started_on).label("started"),
            func.count(Invitation.answered_on).label("answered"),
        )
        .where(Invitation.wave_id.in_(wave_ids))
        .group_by(Invitation.wave_id)
    )
    found = dict.fromkeys(wave_ids, Participation())
    for row in marks:
        started = max(row.started, row.answered)
        opened = max(row.opened, started)
        found[row.wave_id] = Participation(
            invited=row.invited,
            # Somebody may open a forwarded link although the mail is counted as lost.
            delivered=max(row.invited - undelivered.get(row.wave_id, 0), opened),
            opened=opened,
            started=started,
            answered=row.answered,
        )
    return found


def _unsent(session: Session, wave_ids: Sequence[int]) -> dict[int | None, int]:
    """People whose first mail has not left; one that came back has left."""
    return _first_mails(
        session, wave_ids, and_(OutgoingMail.state.in_(UNSENT), OutgoingMail.bounced_at.is_(None))
    )


def _undelivered(session: Session, wave_ids: Sequence[int]) -> dict[int | None, int]:
    """People whose first mail has not left, or has come back."""
    return _first_mails(
        session,
        wave_ids,
        or_(OutgoingMail.state.in_(UNSENT), OutgoingMail.bounced_at.is_not(None)),
    )


def _first_mails(
    session: Session, wave_ids: Sequence[int], condition: ColumnElement[bool]
) -> dict[int | None, int]:
    rows = session.execute(
        select(OutgoingMail.wave_id, func.count(OutgoingMail.invitation_id.distinct()))
        .where(
            OutgoingMail.wave_id.in_(wave_ids),
            OutgoingMail.kind.in_(FIRST_MAILS),
            condition,
        )
        .group_by(OutgoingMail.wave_id)
    )
    return dict(rows.all())
