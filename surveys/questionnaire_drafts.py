"""Editing a questionnaire: the draft beside the frozen versions, and which questions it has.

An edit of a survey whose questionnaire is published starts version n+1 as a copy; waves that were
opened keep their version. Every operation changes the draft alone and leaves it in any state that a
person may want to leave it in; what is incomplete is named when it is published. The words of a
question are changed by surveys/wording_edits.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.errors import FieldError, NotFound
from surveys.models import Question, Survey, SurveyVersion, VersionItem, Wording
from surveys.question_bank import load_bank, order_rank
from surveys.question_order import merged_codes, moved
from surveys.questionnaires import published_version
from surveys.terms import Audience, QuestionKind, QuestionStatus, QuestionType

#: A phone shows no more without losing its reader, and the database's positions are small.
MAX_QUESTIONS = 100
_SECTIONS = {
    QuestionKind.CORE: "working",
    QuestionKind.FOLLOW_UP: "working",
    QuestionKind.OUTCOME: "ahead",
    QuestionKind.IMPORTANCE: "matters",
    QuestionKind.COMMENT: "own_words",
    QuestionKind.CONTACT: "own_words",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How one audience meets a question in a version."""

    wording_id: int
    section: str | None = None
    rule: Mapping[str, Any] | None = None
    has_comment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One question of a questionnaire; an audience that is not asked has no place."""

    code: str
    question_id: int
    places: Mapping[Audience, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A question that was taken out, with all that puts it back where it stood."""

    line: Line
    place: int


class DraftGone(NotFound):
    """The survey has no draft: none was started, or somebody published or discarded it."""


def draft_of(session: Session, survey: Survey) -> SurveyVersion:
    """The draft of a survey, held until the transaction ends. Raises DraftGone."""
    version = session.scalar(
        select(SurveyVersion)
        .where(SurveyVersion.survey_id == survey.id, SurveyVersion.published_at.is_(None))
        .with_for_update()
    )
    if version is None:
        raise DraftGone("draft of survey", survey.id)
    return version


def start_draft(session: Session, survey: Survey) -> SurveyVersion:
    """The survey's draft; without one, version n+1 as a copy of what is published.

    Raises NotFound for a survey that has no questionnaire at all.
    """
    # Two people who start to edit at once wait here for each other, and get one draft.
    session.execute(select(Survey.id).where(Survey.id == survey.id).with_for_update())
    try:
        return draft_of(session, survey)
    except DraftGone:
        published = published_version(session, survey.id)
    if published is None:
        raise NotFound("questionnaire", survey.id)
    version = SurveyVersion(
        survey_id=survey.id,
        number=published.number + 1,
        template_key=published.template_key,
        sections=published.sections,
    )
    session.add(version)
    session.flush()
    _write(session, version, lines_of(session, published.id))
    return version


def discard_draft(session: Session, survey: Survey) -> None:
    """Give up what was edited; the published version stays. Raises NotFound without either."""
    version = draft_of(session, survey)
    if published_version(session, survey.id) is None:
        raise NotFound("questionnaire", survey.id)
    session.delete(version)
    session.flush()


def lines_of(session: Session, version_id: int) -> list[Line]:
    """The questions of a version in the order in which they are edited."""
    rows = session.execute(
        select(VersionItem, Question.code)
        .join(VersionItem.question)
        .where(VersionItem.version_id == version_id)
    ).all()
    found: dict[str, dict[Audience, VersionItem]] = {}
    for item, code in rows:
        found.setdefault(code, {})[item.audience] = item
    order = merged_codes(*(_positions(found, audience) for audience in Audience))
    return [_line(code, found[code]) for code in order]


def line_of(session: Session, version: SurveyVersion, code: str) -> tuple[int, Line]:
    """One question of a version and its place, counted from 0. Raises NotFound."""
    for place, line in enumerate(lines_of(session, version.id)):
        if line.code == code:
            return place, line
    raise NotFound("question", code)


def add_question(session: Session, version: SurveyVersion, code: str) -> Line:
    """Ask a question of the bank, after those of its kind.

    Raises FieldError: `question` (`unknown`, `asked`, `retired`, `too_many`).
    """
    question = session.scalar(select(Question).where(Question.code == code))
    if question is None:
        raise FieldError("question", "unknown")
    if question.status is QuestionStatus.RETIRED:
        raise FieldError("question", "retired")
    lines = lines_of(session, version.id)
    if any(line.code == code for line in lines):
        raise FieldError("question", "asked")
    line = _new_line(session, question)
    place = _place_for(session, question, lines)
    _write(session, version, [*lines[:place], line, *lines[place:]])
    return line


def move_question(session: Session, version: SurveyVersion, code: str, *, by: int) -> None:
    """Move a question up (negative) or down, for both audiences. Raises NotFound."""
    place, _ = line_of(session, version, code)
    _write(session, version, moved(lines_of(session, version.id), place, by=by))


def remove_question(session: Session, version: SurveyVersion, code: str) -> Removed:
    """Ask it no more; what is returned puts it back. Raises NotFound."""
    place, line = line_of(session, version, code)
    lines = lines_of(session, version.id)
    _write(session, version, [each for each in lines if each.code != code])
    return Removed(line=line, place=place)


def put_back(session: Session, version: SurveyVersion, removed: Removed) -> None:
    """Undo a removal. Raises FieldError `question` (`asked`) where it is asked again already."""
    lines = lines_of(session, version.id)
    if any(line.code == removed.line.code for line in lines):
        raise FieldError("question", "asked")
    place = min(removed.place, len(lines))
    _write(session, version, [*lines[:place], removed.line, *lines[place:]])


def change_line(session: Session, version: SurveyVersion, line: Line) -> None:
    """Replace a question's places by those given; order and all else stay. Raises NotFound."""
    place, _ = line_of(session, version, line.code)
    lines = lines_of(session, version.id)
    _write(session, version, [*lines[:place], line, *lines[place + 1 :]])


def with_places(line: Line, **values: Any) -> Line:
    """The line with these values of its places changed for every audience that is asked."""
    return replace(
        line, places={who: replace(place, **values) for who, place in line.places.items()}
    )


def _positions(
    found: Mapping[str, Mapping[Audience, VersionItem]], audience: Audience
) -> dict[str, int]:
    return {code: own[audience].position for code, own in found.items() if audience in own}


def _line(code: str, items: Mapping[Audience, VersionItem]) -> Line:
    places = {
        audience: Place(
            wording_id=item.wording_id,
            section=item.section,
            rule=item.rule,
            has_comment=item.has_comment,
        )
        for audience, item in items.items()
    }
    question_id = next(iter(items.values())).question_id
    return Line(code=code, question_id=question_id, places=places)


def _write(session: Session, version: SurveyVersion, lines: Sequence[Line]) -> None:
    """Store the lines; a row has one position for both audiences, so that their order is one."""
    if len(lines) > MAX_QUESTIONS:
        raise FieldError("question", "too_many")
    session.execute(delete(VersionItem).where(VersionItem.version_id == version.id))
    session.add_all(_items(version.id, lines))
    session.flush()
    session.expire(version, ["items"])


def _items(version_id: int, lines: Sequence[Line]) -> Iterable[VersionItem]:
    for position, line in enumerate(lines, start=1):
        for audience, place in line.places.items():
            yield VersionItem(
                version_id=version_id,
                audience=audience,
                position=position,
                question_id=line.question_id,
                wording_id=place.wording_id,
                section=place.section,
                rule=dict(place.rule) if place.rule else None,
                has_comment=place.has_comment,
            )


def _new_line(session: Session, question: Question) -> Line:
    wordings = _wordings_to_ask(session, question)
    section = "recommendation" if question.code.startswith("recommend") else None
    places = {
        audience: Place(
            wording_id=wording.id,
            section=section or _SECTIONS.get(question.kind),
            has_comment=wording.type is QuestionType.AGREE5,
        )
        for audience, wording in wordings.items()
    }
    return Line(code=question.code, question_id=question.id, places=places)


def _wordings_to_ask(session: Session, question: Question) -> dict[Audience, Wording]:
    """The standard words of the bank; of one's own questions, the newest that were asked."""
    rows = session.scalars(
        select(Wording).where(Wording.question_id == question.id).order_by(Wording.revision)
    ).all()
    is_standard = question.code in {each.code for each in load_bank().questions}
    if is_standard:
        return {wording.audience: wording for wording in reversed(rows)}
    by_use = sorted(rows, key=lambda wording: wording.frozen_at is not None)
    return {wording.audience: wording for wording in by_use}


def _place_for(session: Session, question: Question, lines: Sequence[Line]) -> int:
    """Where the bank's order wants it: after the last line that does not come later."""
    asked = {
        row.id: row
        for row in session.execute(
            select(Question.id, Question.code, Question.kind, Question.driver_code).where(
                Question.id.in_({line.question_id for line in lines})
            )
        )
    }
    own = order_rank(question.code, question.kind, question.driver_code)
    ranks = []
    for line in lines:
        row = asked[line.question_id]
        ranks.append(order_rank(row.code, row.kind, row.driver_code))
    return max((place for place, rank in enumerate(ranks, start=1) if rank <= own), default=0)
