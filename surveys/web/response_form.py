"""The form of a questionnaire: a field for each question and each comment under a rating.

Only what the question offers is taken, in exactly that spelling; nothing is rounded or guessed. No
field is required.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field, Form, RadioField, SelectMultipleField, TextAreaField
from wtforms.validators import Optional, ValidationError

from surveys.i18n import gettext
from surveys.preferences import MAX_TOPIC_LENGTH
from surveys.question_types import MAX_TEXT, UNKNOWN, allowed_values, field_names, has_values
from surveys.questionnaires import Item, Questionnaire
from surveys.responses import TICKED, Filled
from surveys.terms import QuestionType

#: Stands between a question's code and a row in the name of the row's field.
ROW = "__"


def build_response_form(questionnaire: Questionnaire) -> type[Form]:
    """The form class of a questionnaire; made once per wave, language and audience."""
    fields: dict[str, Field] = {}
    for item in questionnaire.items:
        fields.update(_fields(item))
    ranked = [item.code for item in questionnaire.items if item.type is QuestionType.RANK]
    return type("ResponseForm", (Form,), {**fields, "ranked": ranked})


def filled_from(form: Form, questionnaire: Questionnaire, names: Iterable[str]) -> Filled:
    """What a validated form holds in the fields named: all, or those that were posted."""
    wanted = set(names)
    values: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for item in questionnaire.items:
        for name in field_names(item) if _is_chosen_from(item) else ():
            if name in wanted:
                values[name] = _chosen(form[name].data)
        for name in text_fields(item):
            if name in wanted:
                texts[name] = _as_stored(form[name].data)
    return Filled(values=values, texts=texts)


def posted_form(
    form_class: type[Form], posted: MultiDict[str, str]
) -> tuple[Form, Mapping[str, list[str]]]:
    """The form filled from a request, and its errors by question or text field."""
    form = form_class(posted)
    form.validate()
    errors = {
        name.partition(ROW)[0]: [str(each) for each in form.errors[name]]
        for name in form.errors
        if name
    }
    for code in form_class.ranked:  # type: ignore[attr-defined] # set by build_response_form
        places = [field.data for field in form if field.name.startswith(code + ROW) and field.data]
        if code not in errors and len(places) != len(set(places)):
            errors[code] = [gettext("Give each place once.")]
    return form, errors


def text_fields(item: Item) -> tuple[str, ...]:
    """Names of the text fields of a question."""
    if item.type is QuestionType.TEXT:
        return (item.code,)
    # A ticked box may come with a line: what to talk about.
    is_tick = item.type is QuestionType.TICK
    return (item.comment_code,) if item.has_comment or is_tick else ()


def _fields(item: Item) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    if item.type in (QuestionType.MANY, QuestionType.TICK):
        fields[item.code] = SelectMultipleField(
            choices=[], validators=[_OneOf(_allowed(item))], validate_choice=False
        )
    elif has_values(item):
        for name in field_names(item):
            fields[name] = RadioField(
                choices=[],
                coerce=_text_or_none,
                validators=[_OneOf(_allowed(item))],
                validate_choice=False,
            )
    limit = MAX_TOPIC_LENGTH if item.type is QuestionType.TICK else MAX_TEXT
    for name in text_fields(item):
        fields[name] = TextAreaField(validators=[Optional(), _NotLongerThan(limit)])
    return fields


def _is_chosen_from(item: Item) -> bool:
    return item.type is not QuestionType.TEXT


def _allowed(item: Item) -> frozenset[str]:
    return frozenset({TICKED}) if item.type is QuestionType.TICK else allowed_values(item)


def _text_or_none(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def _chosen(data: Any) -> list[str]:
    """Each value once; "don't know" beside real answers is dropped."""
    if not isinstance(data, list):
        return [data] if data else []
    given = list(dict.fromkeys(value for value in data if value))
    return [value for value in given if value != UNKNOWN] or given


def _as_stored(text: str | None) -> str:
    """As it was sent, with plain line ends, in Unicode NFC."""
    return unicodedata.normalize("NFC", (text or "").replace("\r\n", "\n"))


class _OneOf:
    """Only what the question offers: no other spelling of a number is taken for it."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    def __call__(self, form: Form, field: Field) -> None:
        chosen = field.data if isinstance(field.data, list) else [field.data]
        if any(value and value not in self._allowed for value in chosen):
            raise ValidationError(gettext("Choose one of the answers offered."))


class _NotLongerThan:
    def __init__(self, limit: int) -> None:
        self._limit = limit

    def __call__(self, form: Form, field: Field) -> None:
        if len(_as_stored(field.data)) > self._limit:
            raise ValidationError(
                gettext("Shorten the text to %(limit)s characters.", limit=self._limit)
            )
