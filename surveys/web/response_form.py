"""The form of a questionnaire: a field for each question and each comment under a rating."""

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field, Form, RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import Optional, ValidationError

from surveys.i18n import gettext
from surveys.question_types import MAX_TEXT, UNKNOWN, allowed_values, has_values
from surveys.questionnaires import Item, Questionnaire
from surveys.responses import Filled
from surveys.terms import QuestionType


def build_response_form(questionnaire: Questionnaire) -> type[Form]:
    """The form class of a questionnaire; made once per wave, language and audience."""
    fields: dict[str, Field] = {}
    for item in questionnaire.items:
        fields.update(_fields(item))
    return type("ResponseForm", (Form,), fields)


def filled_from(form: Form, questionnaire: Questionnaire, names: Iterable[str]) -> Filled:
    """What a validated form holds in the fields named: all, or those that were posted."""
    wanted = set(names)
    values: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for item in questionnaire.items:
        if has_values(item) and item.code in wanted:
            values[item.code] = _chosen(form[item.code].data)
        for name in text_fields(item):
            if name in wanted:
                texts[name] = (form[name].data or "").replace("\r\n", "\n")
    return Filled(values=values, texts=texts)


def posted_form(
    form_class: type[Form], posted: MultiDict[str, str]
) -> tuple[Form, Mapping[str, list[str]]]:
    """The form filled from a request, and its errors by field name."""
    form = form_class(posted)
    form.validate()
    return form, {name: [str(each) for each in form.errors[name]] for name in form.errors if name}


def text_fields(item: Item) -> tuple[str, ...]:
    """Names of the text fields of a question."""
    if item.type is QuestionType.TEXT:
        return (item.code,)
    return (item.comment_code,) if item.has_comment else ()


def _fields(item: Item) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    if item.type is QuestionType.MANY:
        fields[item.code] = SelectMultipleField(
            choices=[],
            validators=[_OneOf(allowed_values(item))],
            validate_choice=False,
        )
    elif has_values(item):
        fields[item.code] = RadioField(
            choices=[],
            coerce=_text_or_none,
            validators=[Optional(), _OneOf(allowed_values(item))],
            validate_choice=False,
        )
    for name in text_fields(item):
        fields[name] = TextAreaField(validators=[Optional(), _NotTooLong()])
    return fields


def _text_or_none(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def _chosen(data: Any) -> list[str]:
    if isinstance(data, list):
        return [value for value in data if value != UNKNOWN] or data[:1]
    return [data] if data else []


class _OneOf:
    """Only what the question offers: no other spelling of a number is taken for it."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    def __call__(self, form: Form, field: Field) -> None:
        chosen = field.data if isinstance(field.data, list) else [field.data]
        if any(value not in self._allowed for value in chosen):
            raise ValidationError(gettext("Choose one of the answers offered."))


class _NotTooLong:
    def __call__(self, form: Form, field: Field) -> None:
        if len(field.data or "") > MAX_TEXT:
            raise ValidationError(
                gettext("Shorten the text to %(limit)s characters.", limit=MAX_TEXT)
            )
