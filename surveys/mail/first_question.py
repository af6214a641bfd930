"""The question that stands in an invitation, so that answering begins with one press."""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.orm import Session

from surveys.mail.letters import ScoreQuestion
from surveys.question_bank import fill
from surveys.question_types import choices, end_labels
from surveys.questionnaires import read_questionnaire
from surveys.terms import Audience

FIRST_QUESTION = "recommend"


def first_question(
    session: Session, version_id: int, *, audience: Audience, locale: str, vendor: str
) -> ScoreQuestion | None:
    """The question with its answers, links still empty; None where this audience is not asked."""
    questionnaire = read_questionnaire(session, version_id, audience=audience, locale=locale)
    item = questionnaire.item(FIRST_QUESTION)
    ends = end_labels(item, locale) if item else None
    if item is None or ends is None:
        return None
    return ScoreQuestion(
        text=fill(item.text, vendor=vendor),
        low=ends[0],
        high=ends[1],
        links=tuple((choice.value, "") for choice in choices(item, locale)),
    )


def with_links(question: ScoreQuestion | None, link: Callable[[str], str]) -> ScoreQuestion | None:
    """The question, each of its answers with a link."""
    if question is None:
        return None
    return replace(question, links=tuple((value, link(value)) for value, _ in question.links))
