"""Importing a contact file into the database: partners, their contacts, and the vendor's own staff.

Reading and judging rows is done by `surveys/contact_file`; here each good row finds its person by
the keyed hash of the address and creates or changes them. An empty cell leaves what is stored. A
row that cannot be taken never stops the others. Written in blocks through Core, since files have
50,000 rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from surveys.contact_file import (
    SKIP,
    BadRow,
    ColumnMapping,
    ContactRow,
    GoodRow,
    ImportCounts,
    Known,
    Table,
    decode,
    match_columns,
    open_table,
    read_contacts,
)
from surveys.contact_file.values import BOUNCED, OPTED_OUT
from surveys.models import Contact, Partner, Suppression, User
from surveys.preferences import suppress
from surveys.search_keys import search_key
from surveys.terms import Audience, Role, SuppressionReason
from surveys.tokens import PREFERENCES, hash_token, identity_hash, make_token

BLOCK = 500
#: Field of a row -> column of the contact; the same names where not listed.
CONTACT_COLUMNS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "external_id": "external_id",
    "language": "locale",
    "timezone": "time_zone",
    "country": "country",
    "role": "role",
    "job_title": "job_title",
    "team": "team",
    "consent_basis": "consent_basis",
    "do_not_survey_until": "do_not_survey_until",
}
PARTNER_COLUMNS = {
    "partner_external_id": "external_id",
    "partner_type": "type",
    "tier": "tier",
    "region": "region",
    "country": "country",
    "size_band": "size_band",
    "revenue_band": "revenue_band",
}
SUPPRESSED_BY_STATUS = {
    OPTED_OUT: SuppressionReason.OPT_OUT,
    BOUNCED: SuppressionReason.HARD_BOUNCE,
}


@dataclass(frozen=True, slots=True)
class ContactKeys:
    """Secrets that contacts need: for their preference link, and for the hash of the address."""

    secret_key: str
    identity_key: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file."""

    table: Table
    mapping: ColumnMapping
    counts: ImportCounts
    refused: Sequence[BadRow]


def read_file(
    data: bytes, *, targets: Mapping[int, str] | None = None
) -> tuple[Table, ColumnMapping]:
    """Open a file and match its columns, with a person's choices by position.

    Raises FileRefused, or UnknownTarget for a choice that is none.
    """
    table = open_table(decode(data))
    mapping = match_columns(table.header)
    return table, mapping.choose(targets) if targets else mapping


def import_contacts(
    session: Session,
    table: Table,
    mapping: ColumnMapping,
    *,
    keys: ContactKeys,
    now: datetime,
    default_locale: str = "en",
) -> ImportReport:
    """Write every good row; columns without a choice are left out.

    The caller commits, or rolls back after a dry run. Raises ColumnsMissing.
    """
    complete = mapping.with_open_columns_as(SKIP)
    writer = _Writer(session, keys, now, default_locale)
    counts = ImportCounts()
    refused: list[BadRow] = []
    rows = read_contacts(table, complete, known=_known(session))
    while block := list(islice(rows, BLOCK)):
        bad = [row for row in block if isinstance(row, BadRow)]
        good = [row.values for row in block if isinstance(row, GoodRow)]
        refused += bad
        counts += writer.write(good)
        counts += ImportCounts(n_rows=len(block), n_good=len(good), n_bad=len(bad))
    return ImportReport(table, complete, counts, refused)


def _known(session: Session) -> Known:
    domains = session.scalars(select(Contact.email).where(Contact.email.is_not(None)).limit(5000))
    return Known(domains=tuple(sorted({email.rpartition("@")[2] for email in domains if email})))


@dataclass(slots=True)
class _Partners:
    """Every partner by identifier and by folded name, so that a row finds its company.

    Two companies of one name are told apart by their identifiers; a name alone means the first.
    """

    by_external_id: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, int] = field(default_factory=dict)
    without_external_id: set[int] = field(default_factory=set)
    count: int = 0

    @classmethod
    def read(cls, session: Session) -> "_Partners":
        found = cls()
        query = select(Partner.id, Partner.external_id, Partner.search_key).order_by(Partner.id)
        for row in session.execute(query):
            found.remember(row.id, row.external_id, row.search_key)
        return found

    def remember(self, partner_id: int, external_id: str | None, name_key: str) -> None:
        if external_id:
            self.by_external_id[external_id] = partner_id
            self.without_external_id.discard(partner_id)
        else:
            self.without_external_id.add(partner_id)
        self.by_name.setdefault(name_key, partner_id)

    def find(self, row: ContactRow) -> int | None:
        named = self.by_name.get(search_key(row.partner_name))
        if not row.partner_external_id:
            return named
        known = self.by_external_id.get(row.partner_external_id)
        return known or (named if named in self.without_external_id else None)


class _Writer:
    """Writes blocks of rows; remembers the partners it has met."""

    def __init__(
        self, session: Session, keys: ContactKeys, now: datetime, default_locale: str
    ) -> None:
        self._session = session
        self._keys = keys
        self._now = now
        self._default_locale = default_locale
        self._partners = _Partners.read(session)
        users = session.execute(select(User.email, User.id))
        self._owners = dict(users.all())

    def write(self, rows: Sequence[ContactRow]) -> ImportCounts:
        """Create or change the people of one block."""
        if not rows:
            return ImportCounts()
        hashes = [identity_hash(self._keys.identity_key, row.address.key) for row in rows]
        stored = self._stored(rows, hashes)
        created: list[dict[str, Any]] = []
        n_changed = 0
        partners_before = self._partners.count
        for row, email_hash in zip(rows, hashes, strict=True):
            values = self._contact_values(row, self._partner_of(row))
            contact = stored.get(email_hash)
            if contact is None:
                created.append(self._new_contact(row, email_hash, values))
            else:
                n_changed += _change(contact, values | {"email_hash": email_hash})
        self._session.flush()
        self._insert(created)
        self._suppress(rows, hashes)
        return ImportCounts(
            n_created=len(created),
            n_changed=n_changed,
            n_unchanged=len(rows) - len(created) - n_changed,
            n_suppressed=self._count_suppressed(hashes),
            n_partners_created=self._partners.count - partners_before,
        )

    def _stored(self, rows: Sequence[ContactRow], hashes: Sequence[bytes]) -> dict[bytes, Contact]:
        """Who is known: by address, else by their own identifier (the address has changed)."""
        by_address = {
            contact.email_hash: contact
            for contact in self._session.scalars(
                select(Contact).where(Contact.email_hash.in_(hashes))
            )
            if contact.email_hash
        }
        identifiers = [row.external_id for row in rows if row.external_id]
        by_identifier = {
            contact.external_id: contact
            for contact in self._session.scalars(
                select(Contact).where(Contact.external_id.in_(identifiers))
            )
        }
        for row, email_hash in zip(rows, hashes, strict=True):
            known = by_identifier.get(row.external_id) if row.external_id else None
            if known is not None:
                by_address.setdefault(email_hash, known)
        return by_address

    def _partner_of(self, row: ContactRow) -> int | None:
        if row.audience is not Audience.PARTNER:
            return None
        values: dict[str, Any] = {
            column: value
            for name, column in PARTNER_COLUMNS.items()
            if (value := getattr(row, name)) is not None
        }
        if row.partner_name is not None:
            values |= {"name": row.partner_name, "search_key": search_key(row.partner_name)}
        if row.account_manager_email is not None:
            values["owner_id"] = self._owner(row.account_manager_email.key)
        partner_id = self._partners.find(row)
        if partner_id is None:
            return self._new_partner(row, values)
        partner = self._session.get_one(Partner, partner_id)
        for column, value in values.items():
            if getattr(partner, column) != value:
                setattr(partner, column, value)
        self._partners.remember(partner.id, partner.external_id, partner.search_key)
        return partner_id

    def _new_partner(self, row: ContactRow, values: Mapping[str, Any]) -> int:
        name = row.partner_name or row.partner_external_id or ""
        named = {"name": name, "search_key": search_key(name)} | dict(values)
        partner = Partner(attributes={}, **named)
        self._session.add(partner)
        self._session.flush()
        self._partners.remember(partner.id, partner.external_id, partner.search_key)
        self._partners.count += 1
        return partner.id

    def _owner(self, email: str) -> int:
        """The account manager's user; one who cannot sign in, if nobody has this address yet."""
        if email not in self._owners:
            user = User(email=email, name=email, role=Role.MANAGER, locale=self._default_locale)
            self._session.add(user)
            self._session.flush()
            self._owners[email] = user.id
        return self._owners[email]

    def _contact_values(self, row: ContactRow, partner_id: int | None) -> dict[str, Any]:
        values = {
            column: value
            for name, column in CONTACT_COLUMNS.items()
            if (value := getattr(row, name)) is not None
        }
        values["audience"] = row.audience
        values["partner_id"] = partner_id
        values["email"] = row.address.written
        if row.attributes:
            values["attributes"] = dict(row.attributes)
        return values

    def _new_contact(
        self, row: ContactRow, email_hash: bytes, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        blank = dict.fromkeys(CONTACT_COLUMNS.values())
        return {
            **blank,
            "locale": self._default_locale,
            "attributes": {},
            **values,
            "email_hash": email_hash,
            "search_key": search_key(row.first_name, row.last_name, row.address.written),
            "created_at": self._now,
        }

    def _insert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert people, then the hash of each one's preference link, which needs the id."""
        if not rows:
            return
        ids = self._session.scalars(insert(Contact).returning(Contact.id), rows).all()
        self._session.execute(
            update(Contact),
            [{"id": each, "preferences_hash": self._preferences_hash(each, 1)} for each in ids],
        )

    def _preferences_hash(self, contact_id: int, version: int) -> bytes:
        return hash_token(make_token(self._keys.secret_key, PREFERENCES, contact_id, version))

    def _suppress(self, rows: Iterable[ContactRow], hashes: Iterable[bytes]) -> None:
        for row, email_hash in zip(rows, hashes, strict=True):
            reason = SUPPRESSED_BY_STATUS.get(row.email_status or "")
            if reason is not None:
                suppress(
                    self._session,
                    email_hash,
                    email=row.address.written,
                    reason=reason,
                    source="import",
                    now=self._now,
                )

    def _count_suppressed(self, hashes: Sequence[bytes]) -> int:
        count = self._session.scalar(
            select(func.count(func.distinct(Suppression.email_hash))).where(
                Suppression.email_hash.in_(hashes),
                Suppression.lifted_at.is_(None),
                Suppression.survey_id.is_(None),
            )
        )
        return count or 0


def _change(contact: Contact, values: Mapping[str, Any]) -> bool:
    """Set what differs; True if anything did."""
    merged = dict(values)
    if "attributes" in merged:
        merged["attributes"] = {**contact.attributes, **merged["attributes"]}
    different = {name: new for name, new in merged.items() if getattr(contact, name) != new}
    for name, new in different.items():
        setattr(contact, name, new)
    if different:
        contact.search_key = search_key(contact.first_name, contact.last_name, contact.email)
    return bool(different)
