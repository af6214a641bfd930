"""What the pages of the questionnaire's editor share: reading their forms, and their words."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from sqlalchemy.orm import Session

from surveys.errors import FieldError
from surveys.i18n import gettext
from surveys.models import Driver, Survey
from surveys.question_bank import fill
from surveys.questionnaire_drafts import Line, Place, Removed
from surveys.terms import Audience, QuestionType
from surveys.web import wave_words
from surveys.web.accounts import EmptyForm
from surveys.web.questionnaire_words import problem_text, question_name, type_word
from surveys.wording_edits import MAX_OPTIONS, MAX_TEXT_LENGTH, PROMPTS, Words
from surveys.workspace import workspace


def field_problem(error: FieldError) -> str:
    """What is wrong with one field, in the language of the page."""
    texts = {
        "unknown": gettext("Choose one of the list."),
        "asked": gettext("This question is asked already."),
        "retired": gettext("This question was retired from the bank."),
        "too_many": gettext("There is no room for more."),
        "too_few": gettext("Give at least two answers, one on each line."),
        "too_long": gettext("Use at most %(most)s characters.", most=MAX_TEXT_LENGTH),
        "missing": gettext("Write the question for partners or for your team."),
    }
    return texts[error.reason]


def posted_type() -> QuestionType:
    """How a new question is answered. Raises FieldError `type`."""
    try:
        return QuestionType(request.form.get("type", ""))
    except ValueError:
        raise FieldError("type", "unknown") from None


def posted_words(locales: Any, audiences: Any) -> dict[Audience, dict[str, Words]]:
    """The words of the form, for each audience and language that it has fields for."""
    return {
        audience: {
            locale: _words(audience, locale)
            for locale in locales
            if f"text.{audience}.{locale}" in request.form
        }
        for audience in Audience
        if audience in audiences
    }


def _words(audience: Audience, locale: str) -> Words:
    def posted(name: str) -> str:
        return " ".join(request.form.get(f"{name}.{audience}.{locale}", "").split())

    lines = request.form.get(f"labels.{audience}.{locale}", "").splitlines()
    return Words(
        text=posted("text"),
        labels=tuple(" ".join(line.split()) for line in lines if line.strip()),
        prompts={
            name: posted(name) for name in PROMPTS if f"{name}.{audience}.{locale}" in request.form
        },
    )


def drivers_of(session: Session) -> list[Driver]:
    """Every driver, in order."""
    return session.query(Driver).order_by(Driver.position).all()


def page_words(session: Session, survey: Survey) -> dict[str, Any]:
    """What the templates of the editor need beside their own values."""
    vendor = workspace(session).vendor or gettext("Your company")
    return {
        "form": EmptyForm(),
        "filled": lambda text: fill(text, vendor=vendor),
        "problem_text": problem_text,
        "question_name": question_name,
        "type_word": type_word,
        "words": wave_words,
        "zone": ZoneInfo(survey.time_zone),
        "max_text": MAX_TEXT_LENGTH,
        "max_options": MAX_OPTIONS,
    }


def as_kept(version_id: int, removed: Removed) -> dict[str, Any]:
    """As the signed cookie keeps it."""
    places = {
        audience.value: [place.wording_id, place.section, place.rule, place.has_comment]
        for audience, place in removed.line.places.items()
    }
    line = removed.line
    return {
        "version": version_id,
        "code": line.code,
        "question": line.question_id,
        "place": removed.place,
        "places": places,
    }


def from_kept(kept: Mapping[str, Any]) -> Removed:
    """What `as_kept` stood for."""
    places = {
        Audience(audience): Place(
            wording_id=wording_id, section=section, rule=rule, has_comment=has_comment
        )
        for audience, (wording_id, section, rule, has_comment) in kept["places"].items()
    }
    line = Line(code=kept["code"], question_id=kept["question"], places=places)
    return Removed(line=line, place=kept["place"])
