"""What a question has beside its words: rule of show and hide, comment field, status."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.errors import NotFound
from surveys.models import Question, SurveyVersion, Wording
from surveys.questionnaire_drafts import Place, change_line, line_of
from surveys.rule_checks import asked_of_version
from surveys.show_rules import Asked, Rule, RuleError, check_rules, parse_rule
from surveys.stored_rules import stored_rule, with_rule
from surveys.terms import Audience, QuestionStatus, QuestionType

#: Types under which a comment can be offered.
RATINGS = frozenset(
    {
        QuestionType.AGREE5,
        QuestionType.RATE5,
        QuestionType.NPS11,
        QuestionType.IMP7,
        QuestionType.SHARE11,
    }
)


def set_rule(session: Session, version: SurveyVersion, code: str, text: str) -> list[Audience]:
    """Ask a question only after certain answers; an empty text asks it always.

    Returns the audiences that keep the rule: one that is not asked, or answers in another way, what
    the rule looks at is asked always.
    Raises NotFound, or RuleError where no audience can keep it.
    """
    _, line = line_of(session, version, code)
    rule = parse_rule(text)
    asked = asked_of_version(session, version.id)
    places: dict[Audience, Place] = {}
    errors = []
    for audience, place in line.places.items():
        error = _error(asked[audience], code, rule)
        kept = None if error else rule
        places[audience] = replace(place, rule=with_rule(place.rule, kept))
        errors += [error] if error else []
    if len(errors) == len(places):
        raise errors[0]
    change_line(session, version, replace(line, places=places))
    return [audience for audience, place in places.items() if stored_rule(place.rule) is not None]


def set_comment(session: Session, version: SurveyVersion, code: str, *, is_offered: bool) -> None:
    """Offer a comment under a rating, or not. Raises NotFound."""
    _, line = line_of(session, version, code)
    places = {
        audience: replace(place, has_comment=is_offered and _is_rating(session, place))
        for audience, place in line.places.items()
    }
    change_line(session, version, replace(line, places=places))


def set_status(session: Session, code: str, status: QuestionStatus) -> None:
    """Retire a question of the bank or take it back; who asks it keeps it. Raises NotFound."""
    question = session.scalar(select(Question).where(Question.code == code))
    if question is None:
        raise NotFound("question", code)
    question.status = status
    session.flush()


def _is_rating(session: Session, place: Place) -> bool:
    return session.get_one(Wording, place.wording_id).type in RATINGS


def _error(asked: Sequence[Asked], code: str, rule: Rule | None) -> RuleError | None:
    changed = [replace(each, rule=rule) if each.code == code else each for each in asked]
    return check_rules(changed).get(code)
