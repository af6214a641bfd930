"""What of a list of comments is asked for, as conditions of a query.

In the confidential modes every filter looks at what anybody can tell who reads the whole list: the
text's own verdict and language, and what the vendor's people noted beside it. So none of them can
narrow a list down to somebody. A segment says who wrote, so it exists in identified surveys only;
elsewhere it is left out, as the words of a search are, which comment_list.py looks for in what may
be read. Source: method of confidentiality, section 2.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from analysis.models import CommentScore, CommentVerdict, VerdictDriver
from analysis.published_comments import UNSURE
from analysis.segment_keys import members_of
from analysis.shown_figures import TOTAL, Row
from surveys.models import Alert, CommentAuthor, Invitation, SegmentProfile, Wave
from surveys.pools import of_pool
from surveys.terms import FollowUpState, Mode, Sentiment


@dataclass(frozen=True, slots=True)
class CommentFilter:
    """What of the list is asked for; empty means everything."""

    label: str = ""
    driver: str = ""
    words: str = ""
    only_quiet_exit: bool = False
    language: str = ""
    row: Row = TOTAL
    follow_up: FollowUpState | None = None

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return self != CommentFilter()

    @property
    def without_tabs(self) -> "CommentFilter":
        """The same but for what the tabs above a list choose: label and follow-up."""
        return replace(self, label="", follow_up=None)


def may_filter_by_segment(wave: Wave) -> bool:
    """Whether its comments may be told apart by who wrote them."""
    return wave.mode is Mode.IDENTIFIED


def conditions(session: Session, wave: Wave, wanted: CommentFilter) -> list[ColumnElement[bool]]:
    """What a verdict must be to stand in the list; the words are looked for elsewhere."""
    found = [*listed(wave), *_of_label(wanted.label)]
    if wanted.only_quiet_exit:
        found.append(CommentVerdict.quiet_exit.is_(True))
    if wanted.driver:
        found.append(_touches(wanted.driver))
    if wanted.language:
        found.append(_is_in(wanted.language))
    if wanted.follow_up is not None:
        found.append(is_followed_up(wanted.follow_up))
    if wanted.row != TOTAL and may_filter_by_segment(wave):
        found.append(_is_from(session, wave, wanted.row))
    return found


def listed(wave: Wave) -> list[ColumnElement[bool]]:
    """What a verdict must be to stand in the whole list of a wave or its pool."""
    found = [of_pool(CommentVerdict.wave_id, wave)]
    if wave.mode is not Mode.IDENTIFIED:
        # Without this mark nobody has looked for names in the text.
        found.append(CommentVerdict.names.is_not(None))
    return found


def is_followed_up(state: FollowUpState) -> ColumnElement[bool]:
    """Whether a person marked the comment, and it is still to do, or done."""
    return _any(
        Alert.id,
        Alert.comment_id == CommentVerdict.comment_id,
        Alert.rule_id.is_(None),
        Alert.state == state.value,
    )


def _of_label(label: str) -> list[ColumnElement[bool]]:
    if not label:
        return []
    if label == UNSURE:
        return [CommentVerdict.is_unsure.is_(True)]
    return [CommentVerdict.is_unsure.is_(False), CommentVerdict.label == Sentiment(label)]


def _touches(driver: str) -> ColumnElement[bool]:
    return _any(
        VerdictDriver.comment_id,
        VerdictDriver.comment_id == CommentVerdict.comment_id,
        VerdictDriver.driver_code == driver,
    )


def _is_in(language: str) -> ColumnElement[bool]:
    return _any(
        CommentScore.comment_id,
        CommentScore.comment_id == CommentVerdict.comment_id,
        CommentScore.analyser == CommentVerdict.analyser,
        CommentScore.language == language,
    )


def _is_from(session: Session, wave: Wave, row: Row) -> ColumnElement[bool]:
    """Whether whoever wrote was invited with one of the segment's values."""
    dimension, segment = row
    profiles = session.execute(
        select(SegmentProfile.profile_no, SegmentProfile.segments).where(
            SegmentProfile.wave_id == wave.id
        )
    )
    members = set(members_of(segment))
    fitting = [
        each.profile_no for each in profiles if (each.segments.get(dimension) or "") in members
    ]
    return _any(
        CommentAuthor.comment_id,
        CommentAuthor.comment_id == CommentVerdict.comment_id,
        CommentAuthor.response_id == Invitation.id,
        Invitation.wave_id == wave.id,
        Invitation.profile_no.in_(fitting),
    )


def _any(column: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the verdict at hand has such a row, whatever else the whole query reads."""
    return select(column).where(*conditions).correlate(CommentVerdict).exists()
