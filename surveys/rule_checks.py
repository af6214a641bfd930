"""The rules of a stored questionnaire, checked: what publishing refuses and an editor is told.

A draft may be incomplete in its texts; rules look at codes and stored values alone.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.models import Question, VersionItem, Wording
from surveys.question_bank import Problem, ProblemCode, load_bank, problem
from surveys.question_shapes import can_lead
from surveys.show_rules import UNKNOWN, Asked, RuleError, check_rules
from surveys.stored_rules import stored_rule
from surveys.terms import Audience, QuestionType

_CODES = {
    "unreadable": ProblemCode.RULE_UNREADABLE,
    "mixed": ProblemCode.RULE_UNREADABLE,
    "too_long": ProblemCode.RULE_UNREADABLE,
    "unknown": ProblemCode.RULE_UNKNOWN,
    "later": ProblemCode.RULE_LATER,
    "no_value": ProblemCode.RULE_NO_VALUE,
    "never": ProblemCode.RULE_NEVER,
}


def rule_problems(session: Session, version_id: int) -> list[Problem]:
    """Every rule of a version that cannot be kept, of both audiences."""
    return [
        rule_problem(code, error, audience)
        for audience, asked in asked_of_version(session, version_id).items()
        for code, error in check_rules(asked).items()
    ]


def rule_problem(code: str, error: RuleError, audience: Audience | None = None) -> Problem:
    """What is wrong with the rule of one question."""
    return problem(_CODES[error.reason], code, audience=audience, found=error.subject)


def asked_of_version(session: Session, version_id: int) -> Mapping[Audience, Sequence[Asked]]:
    """The questions of each audience in order, as rules see them."""
    rows = session.execute(
        select(
            VersionItem.audience,
            VersionItem.rule,
            Question.code,
            Wording.type,
            Wording.options,
            Wording.allows_unknown,
        )
        .join(VersionItem.question)
        .join(VersionItem.wording)
        .where(VersionItem.version_id == version_id)
        .order_by(VersionItem.position)
    ).all()
    return {
        audience: [
            Asked(
                code=row.code,
                values=_values(row.type, row.options, is_unknown_offered=row.allows_unknown),
                takes_several=row.type is QuestionType.MANY,
                rule=stored_rule(row.rule),
            )
            for row in rows
            if row.audience is audience
        ]
        for audience in Audience
    }


def _values(
    type_: QuestionType,
    options: Sequence[Mapping[str, object]] | None,
    *,
    is_unknown_offered: bool,
) -> frozenset[str]:
    if not can_lead(type_):
        return frozenset()
    scale = load_bank().scales.get(type_)
    values = {str(value) for value in scale.values} if scale else set()
    values |= {str(option["value"]) for option in options or ()}
    if values and is_unknown_offered:
        values.add(UNKNOWN)
    return frozenset(values)
