"""The form of an uploaded contact file: a field for each column, and how the file is read.

It knows values only; the page prints the lists with their words.
"""

from collections.abc import Iterable

from wtforms import FileField, StringField
from wtforms.validators import AnyOf

from surveys.contact_checks import ImportCheck, Reading
from surveys.contact_file import Encoding, Separator
from surveys.i18n import gettext
from surveys.question_bank import LOCALES
from surveys.web.forms import BaseForm
from surveys.web.import_words import target_choices

COLUMN = "column_"


class UploadForm(BaseForm):
    """Only the file, which the view takes from the request."""

    file = FileField()


def columns_form(check: ImportCheck) -> BaseForm:
    """The form of this file, filled with what the last check found, else with what was sent."""
    fields = {
        "encoding": _one_of(Encoding),
        "separator": _one_of(Separator),
        "default_locale": _one_of(LOCALES),
    }
    stored = {
        "encoding": check.encoding.value,
        "separator": check.separator.value,
        "default_locale": check.default_locale,
    }
    for column in check.columns:
        name = f"{COLUMN}{column.position}"
        fields[name] = _one_of(value for value, _ in target_choices(column))
        stored[name] = column.target
    form: BaseForm = type("ColumnsForm", (BaseForm,), fields)(**stored)
    return form


def chosen_reading(form: BaseForm, check: ImportCheck) -> Reading:
    """How a person wants the file read, of a form that is valid."""
    return Reading(
        default_locale=form["default_locale"].data,
        targets={
            column.position: form[f"{COLUMN}{column.position}"].data for column in check.columns
        },
        encoding=Encoding(form["encoding"].data),
        separator=Separator(form["separator"].data),
    )


def _one_of(values: Iterable[str]) -> StringField:
    return StringField(validators=[AnyOf(list(values), message=gettext("Choose one of the list."))])
