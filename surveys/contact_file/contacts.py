"""What a row of a contact file says about a person and the company.

One row is one person: the address is needed, and for partners the company. An empty cell says
nothing, so that what is stored stays. Whether a person is known already, and what is done then, is
decided in `surveys/contacts.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from surveys.contact_file.addresses import Address, DomainIndex, domain_in, read_address
from surveys.contact_file.columns import ATTRIBUTE_PREFIX, ColumnMapping
from surveys.contact_file.headings import ContactField
from surveys.contact_file.problems import ErrorCode, RowError
from surveys.contact_file.rows import (
    BadRow,
    GoodRow,
    ParsedRow,
    RowRefused,
    mapped_columns,
    read_table,
)
from surveys.contact_file.table import Table
from surveys.contact_file.values import (
    Parser,
    audience_of,
    choice_of,
    country_of,
    date_of,
    email_status_of,
    language_of,
    revenue_band_of,
    text_of,
    timezone_of,
)
from surveys.terms import Audience

MAX_NAME = 100
MAX_COMPANY_NAME = 200
MAX_TEXT = 100
MAX_ATTRIBUTE = 1000

# Plain strings for what is asked about every row: looking up a member of an enumeration is slow.
_EMAIL = ContactField.EMAIL.value
_AUDIENCE = ContactField.AUDIENCE.value
_EXTERNAL_ID = ContactField.EXTERNAL_ID.value
_FULL_NAME = ContactField.FULL_NAME.value
_PARTNER_NAME = ContactField.PARTNER_NAME.value

#: Fields of the company, which our own staff do not have.
PARTNER_FIELDS = frozenset(
    {
        ContactField.PARTNER_EXTERNAL_ID,
        ContactField.PARTNER_NAME,
        ContactField.PARTNER_TYPE,
        ContactField.TIER,
        ContactField.REGION,
        ContactField.SIZE_BAND,
        ContactField.REVENUE_BAND,
        ContactField.ACCOUNT_MANAGER_EMAIL,
    }
)


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A valid row; None means that the file says nothing about it.

    `address.key` is the person's identity. For our own staff the fields of the company are None
    whatever the file says. `email_status` is values.OPTED_OUT, BOUNCED or REACHABLE.
    """

    address: Address
    audience: Audience = Audience.PARTNER
    first_name: str | None = None
    last_name: str | None = None
    external_id: str | None = None
    language: str | None = None
    timezone: str | None = None
    partner_external_id: str | None = None
    partner_name: str | None = None
    role: str | None = None
    job_title: str | None = None
    team: str | None = None
    partner_type: str | None = None
    tier: str | None = None
    region: str | None = None
    country: str | None = None
    size_band: str | None = None
    account_manager_email: Address | None = None
    revenue_band: str | None = None
    consent_basis: str | None = None
    do_not_survey_until: date | None = None
    email_status: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the workspace knows beside the file.

    `choices` closes the list of values of a field (tier, partner_type, region, size_band, role);
    `domains` are domains of addresses, for the completion of one that lacks its ending.
    """

    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domains: tuple[str, ...] = ()


NOTHING_KNOWN = Known()


def read_contacts(
    table: Table, mapping: ColumnMapping, *, known: Known = NOTHING_KNOWN
) -> Iterator[GoodRow[ContactRow] | BadRow]:
    """Read the rows of a contact file as a stream.

    Columns without a choice are left out. Raises ColumnsMissing before the first row.
    """
    mapping.refuse_incomplete()
    domains = DomainIndex(lambda: [*known.domains, *_domains_in(table, mapping)])
    parsers = _parsers(known, domains)
    free_text = text_of(MAX_ATTRIBUTE, may_break=True)
    columns = mapped_columns(mapping, lambda target: parsers.get(target, free_text))
    return read_table(table, columns, _ContactBuilder(mapping).build)


class _ContactBuilder:
    """Makes contacts of parsed rows; remembers which addresses and identifiers it has met."""

    def __init__(self, mapping: ColumnMapping) -> None:
        self._mapping = mapping
        self._attributes = _attribute_names(mapping)
        self._row_of_address: dict[str, int] = {}
        self._row_of_external_id: dict[str, int] = {}

    def build(self, row: ParsedRow) -> ContactRow:
        """The contact of a row. Raises RowRefused."""
        errors = self._missing(row) + self._repeated(row)
        if errors or row.refused:
            raise RowRefused(errors)
        values = row.values
        attributes = {
            name: values.pop(target) for target, name in self._attributes if target in values
        }
        return _contact(values, attributes)

    def _missing(self, row: ParsedRow) -> list[RowError]:
        present = row.values.keys() | row.refused if row.refused else row.values
        errors = []
        if _EMAIL not in present:
            errors.append(self._error(ErrorCode.EMAIL_MISSING, _EMAIL))
        if _PARTNER_NAME not in present and _is_partner(row):
            errors.append(self._error(ErrorCode.PARTNER_MISSING, _PARTNER_NAME))
        return errors

    def _repeated(self, row: ParsedRow) -> list[RowError]:
        errors = []
        address = row.values.get(_EMAIL)
        if address:
            first = self._row_of_address.setdefault(address.key, row.number)
            if first != row.number:
                errors.append(self._error(ErrorCode.SAME_ADDRESS_AS_ROW, _EMAIL, row=first))
        external_id = row.values.get(_EXTERNAL_ID)
        if external_id:
            first = self._row_of_external_id.setdefault(external_id, row.number)
            if first != row.number:
                code = ErrorCode.SAME_EXTERNAL_ID_AS_ROW
                errors.append(self._error(code, _EXTERNAL_ID, row=first))
        return errors

    def _error(self, code: ErrorCode, target: str, **parameters: int) -> RowError:
        return RowError(code, self._mapping.heading_of(target), parameters)


def _is_partner(row: ParsedRow) -> bool:
    """Whether a row is known to be about a partner; an unreadable audience is not."""
    audience = row.values.get(_AUDIENCE, Audience.PARTNER)
    return audience is Audience.PARTNER and _AUDIENCE not in row.refused


def _attribute_names(mapping: ColumnMapping) -> tuple[tuple[str, str], ...]:
    """Target and name of each attribute."""
    targets = {target for target in mapping.targets if target.startswith(ATTRIBUTE_PREFIX)}
    return tuple((target, target.removeprefix(ATTRIBUTE_PREFIX)) for target in sorted(targets))


def _contact(values: dict[str, Any], attributes: Mapping[str, str]) -> ContactRow:
    """The contact of values that are known to be complete."""
    address = values.pop(_EMAIL)
    full_name = values.pop(_FULL_NAME, None)
    if full_name:
        values = {**_split_name(full_name), **values}
    if values.get(_AUDIENCE) is Audience.INTERNAL:
        values = {name: value for name, value in values.items() if name not in PARTNER_FIELDS}
    return ContactRow(address=address, attributes=attributes, **values)


def _split_name(full_name: str) -> dict[str, str]:
    """First and last name: 'Ewa Maria Mazur' or 'Mazur, Ewa Maria'; one word is a first name."""
    last, comma, first = full_name.partition(",")
    if not comma:
        first, _, last = full_name.partition(" ")
    names = {ContactField.FIRST_NAME: first.strip(), ContactField.LAST_NAME: last.strip()}
    return {name: text for name, text in names.items() if text}


def _domains_in(table: Table, mapping: ColumnMapping) -> Iterable[str]:
    position = mapping.targets.index(ContactField.EMAIL)
    rows = (record.cells for record in table.records())
    return (domain_in(cells[position]) for cells in rows if position < len(cells))


def _parsers(known: Known, domains: DomainIndex) -> Mapping[str, Parser]:
    def address_of(cell: str) -> Address:
        return read_address(cell, domains)

    def listed(name: str) -> Parser:
        return choice_of(known.choices.get(name, ()), limit=MAX_TEXT)

    return {
        ContactField.EMAIL: address_of,
        ContactField.FIRST_NAME: text_of(MAX_NAME),
        ContactField.LAST_NAME: text_of(MAX_NAME),
        ContactField.FULL_NAME: text_of(2 * MAX_NAME),
        ContactField.EXTERNAL_ID: text_of(MAX_TEXT),
        ContactField.AUDIENCE: audience_of,
        ContactField.LANGUAGE: language_of,
        ContactField.TIMEZONE: timezone_of,
        ContactField.PARTNER_EXTERNAL_ID: text_of(MAX_TEXT),
        ContactField.PARTNER_NAME: text_of(MAX_COMPANY_NAME),
        ContactField.ROLE: listed(ContactField.ROLE),
        ContactField.JOB_TITLE: text_of(MAX_TEXT),
        ContactField.TEAM: text_of(MAX_TEXT),
        ContactField.PARTNER_TYPE: listed(ContactField.PARTNER_TYPE),
        ContactField.TIER: listed(ContactField.TIER),
        ContactField.REGION: listed(ContactField.REGION),
        ContactField.COUNTRY: country_of,
        ContactField.SIZE_BAND: listed(ContactField.SIZE_BAND),
        ContactField.ACCOUNT_MANAGER_EMAIL: address_of,
        ContactField.REVENUE_BAND: revenue_band_of,
        ContactField.CONSENT_BASIS: text_of(MAX_TEXT),
        ContactField.DO_NOT_SURVEY_UNTIL: date_of,
        ContactField.EMAIL_STATUS: email_status_of,
    }
