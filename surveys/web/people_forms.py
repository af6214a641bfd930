"""Forms of people and companies: they check shape; what a value means is checked by operations."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import Optional, ValidationError

from surveys.contact_changes import ContactFacts
from surveys.contact_file.problems import CellRefused
from surveys.contact_file.values import country_of, timezone_of
from surveys.email_addresses import normalise_email
from surveys.i18n import gettext
from surveys.partner_changes import PartnerFacts
from surveys.question_bank import LOCALES
from surveys.web.forms import BaseForm
from surveys.web.wave_forms import DayField, Filled, OneOf

MAX_LINE = 100
MAX_COMPANY_NAME = 200
MAX_ADDRESS = 254
REVENUE_BANDS = ("A", "B", "C")
#: Categories of characters that nobody sees, and that a mail header must not hold.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def trimmed(text: str | None) -> str:
    """NFC without spaces around."""
    return unicodedata.normalize("NFC", text or "").strip()


class Line:
    """A line of text of at most so many characters, all of which can be seen."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit

    def __call__(self, form: Any, field: Any) -> None:
        """Raises ValidationError in the language of the page."""
        text = field.data or ""
        if any(unicodedata.category(c) in INVISIBLE for c in text):
            raise ValidationError(
                gettext(
                    "There are invisible characters in it. Type it again instead of pasting it."
                )
            )
        if len(text) > self._limit:
            raise ValidationError(gettext("Use at most %(most)s characters.", most=self._limit))


class PersonForm(BaseForm):
    """The facts of one person; `company` is asked of people at partners only."""

    first_name = StringField(filters=[trimmed], validators=[Line()])
    last_name = StringField(filters=[trimmed], validators=[Line()])
    email = EmailField(filters=[trimmed], validators=[Filled(), Line(MAX_ADDRESS)])
    company = StringField(filters=[trimmed], validators=[Line(MAX_COMPANY_NAME)])
    locale = StringField(default=LOCALES[0], validators=[OneOf(LOCALES)])
    time_zone = StringField(filters=[trimmed])
    country = StringField(filters=[trimmed])
    role = StringField(filters=[trimmed], validators=[Line()])
    job_title = StringField(filters=[trimmed], validators=[Line()])
    team = StringField(filters=[trimmed], validators=[Line()])
    is_main = BooleanField()
    do_not_survey_until = DayField(validators=[Optional()])
    left_on = DayField(validators=[Optional()])

    def validate_email(self, field: Any) -> None:
        """It must be an address."""
        if normalise_email(field.data or "") is None:
            raise ValidationError(not_an_address())

    def validate_time_zone(self, field: Any) -> None:
        """A place of the tz database."""
        if read_as(timezone_of, field.data) is None:
            raise ValidationError(gettext("Enter a time zone, for example Europe/Warsaw."))

    def validate_country(self, field: Any) -> None:
        """Two letters, or a name that lists use."""
        if read_as(country_of, field.data) is None:
            raise ValidationError(unknown_country())

    def facts(self) -> ContactFacts:
        """What was entered; only after validation."""
        return ContactFacts(
            email=self.email.data or "",
            first_name=self.first_name.data or "",
            last_name=self.last_name.data or "",
            company=self.company.data or "",
            locale=str(self.locale.data),
            time_zone=read_as(timezone_of, self.time_zone.data) or "",
            country=read_as(country_of, self.country.data) or "",
            role=self.role.data or "",
            job_title=self.job_title.data or "",
            team=self.team.data or "",
            is_main=bool(self.is_main.data),
            do_not_survey_until=self.do_not_survey_until.data,
            left_on=self.left_on.data,
        )

    def refuse(self, field: str, reason: str) -> None:
        """Say at its field what an operation found."""
        self[field].errors = [_refusals()[field, reason]]


class PartnerForm(BaseForm):
    """The facts of one company."""

    name = StringField(filters=[trimmed], validators=[Filled(), Line(MAX_COMPANY_NAME)])
    external_id = StringField(filters=[trimmed], validators=[Line()])
    type = StringField(filters=[trimmed], validators=[Line()])
    tier = StringField(filters=[trimmed], validators=[Line()])
    region = StringField(filters=[trimmed], validators=[Line()])
    country = StringField(filters=[trimmed])
    size_band = StringField(filters=[trimmed], validators=[Line()])
    revenue_band = StringField(default="")
    owner_id = StringField(default="")
    left_on = DayField(validators=[Optional()])
    is_archived = BooleanField()

    def validate_country(self, field: Any) -> None:
        """Two letters, or a name that lists use."""
        if read_as(country_of, field.data) is None:
            raise ValidationError(unknown_country())

    def validate_revenue_band(self, field: Any) -> None:
        """A, B, C or unknown."""
        if field.data not in ("", *REVENUE_BANDS):
            raise ValidationError(gettext("Choose one of the list."))

    def validate_owner_id(self, field: Any) -> None:
        """The number of a user or none."""
        if field.data and not (field.data.isascii() and field.data.isdigit()):
            raise ValidationError(gettext("Choose one of the list."))

    def facts(self) -> PartnerFacts:
        """What was entered; only after validation."""
        return PartnerFacts(
            name=self.name.data or "",
            external_id=self.external_id.data or "",
            type=self.type.data or "",
            tier=self.tier.data or "",
            region=self.region.data or "",
            country=read_as(country_of, self.country.data) or "",
            size_band=self.size_band.data or "",
            revenue_band=str(self.revenue_band.data or ""),
            owner_id=int(self.owner_id.data) if self.owner_id.data else None,
            left_on=self.left_on.data,
            is_archived=bool(self.is_archived.data),
        )

    def refuse(self, field: str, reason: str) -> None:
        """Say at its field what an operation found."""
        self[field].errors = [_refusals()[field, reason]]


def read_as(parse: Callable[[str], str], text: str | None) -> str | None:
    """What a text means; empty text stays empty, None is what cannot be read."""
    try:
        return parse(text) if text else ""
    except CellRefused:
        return None


def not_an_address() -> str:
    """What to write instead."""
    return gettext("This is not an email address. Write one like anna@company.example.")


def unknown_country() -> str:
    """What to write instead."""
    return gettext("Enter the two letters of a country, for example PL.")


def _refusals() -> Mapping[tuple[str, str], str]:
    return {
        ("email", "invalid"): not_an_address(),
        ("email", "taken"): gettext("Somebody else in the list has this address."),
        ("email", "erased"): gettext(
            "The person with this address asked to be erased, and is not taken up again."
        ),
        ("external_id", "taken"): gettext("Another company has this identifier."),
        ("owner_id", "unknown"): gettext("Choose one of the list."),
        ("name", "taken"): gettext(
            "A company of this name is in the list. Enter an identifier if this is another one."
        ),
        ("company", "unknown"): gettext(
            "No company has this name or identifier. Add the company first."
        ),
        ("company", "several"): gettext(
            "Several companies have this name. Enter the identifier of the one you mean."
        ),
    }
