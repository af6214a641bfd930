"""Writing the good rows of a contact file: people, their companies, and the companies' owners.

Blocks of rows are compared with what is stored and written through Core, because files have 50,000
rows and an open write transaction keeps respondents waiting. A person is found by the keyed hash of
the address, else by their own identifier: then the address has changed. Reading and judging the
file is done by `surveys/contact_file`; what is made of the report, by `surveys/contacts.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.bulk import insert_rows, row_ids, update_rows
from surveys.carried_stops import carry_over
from surveys.contact_file import (
    BOUNCED,
    OPTED_OUT,
    Address,
    ContactRow,
    ErrorCode,
    GoodRow,
    ImportCounts,
)
from surveys.db import Base
from surveys.models import Suppression, User
from surveys.partner_index import PartnerIndex
from surveys.preferences import suppress
from surveys.search_keys import search_key
from surveys.terms import Audience, Role, SuppressionReason
from surveys.tokens import PREFERENCES, hash_token, identity_hash, make_token

CONTACTS = Base.metadata.tables["contacts"]
SOURCE = "import"
#: Field of a row and the column of the contact that keeps it.
CONTACT_COLUMNS = (
    ("first_name", "first_name"),
    ("last_name", "last_name"),
    ("external_id", "external_id"),
    ("language", "locale"),
    ("timezone", "time_zone"),
    ("country", "country"),
    ("role", "role"),
    ("job_title", "job_title"),
    ("team", "team"),
    ("consent_basis", "consent_basis"),
    ("do_not_survey_until", "do_not_survey_until"),
)
#: Field of a row and the column of the company that keeps it.
PARTNER_COLUMNS = (
    ("partner_name", "name"),
    ("partner_external_id", "external_id"),
    ("partner_type", "type"),
    ("tier", "tier"),
    ("region", "region"),
    ("country", "country"),
    ("size_band", "size_band"),
    ("revenue_band", "revenue_band"),
)
STORED_COLUMNS = (
    "audience",
    "partner_id",
    "email",
    "email_hash",
    "attributes",
    *(column for _, column in CONTACT_COLUMNS),
)
#: What is unique, so that the order of changes matters.
IDENTITY_COLUMNS = frozenset({"email_hash", "external_id"})
SUPPRESSED_BY_STATUS = {
    OPTED_OUT: SuppressionReason.OPT_OUT,
    BOUNCED: SuppressionReason.HARD_BOUNCE,
}

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ContactKeys:
    """Secrets that contacts need: for their preference link, and for the hash of the address."""

    secret_key: str
    identity_key: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A row that contradicts what is stored, and cannot be taken."""

    number: int
    code: ErrorCode


class _People:
    """The stored people whom the rows of a block can mean; kept up to date within the block."""

    def __init__(self) -> None:
        self._ids_by_hash: dict[bytes, int] = {}
        self._ids_by_external_id: dict[str, int] = {}
        self.rows: dict[int, Columns] = {}

    @classmethod
    def read(
        cls, session: Session, hashes: Sequence[bytes], external_ids: Sequence[str]
    ) -> "_People":
        people = cls()
        query = select(CONTACTS.c.id, *(CONTACTS.c[name] for name in STORED_COLUMNS))
        found = list(session.execute(query.where(CONTACTS.c.email_hash.in_(hashes))))
        if external_ids:
            found += session.execute(query.where(CONTACTS.c.external_id.in_(external_ids)))
        for contact_id, *values in found:
            people.rows[contact_id] = dict(zip(STORED_COLUMNS, values, strict=True))
            people._index(contact_id)
        return people

    def with_hash(self, email_hash: bytes) -> int | None:
        return self._ids_by_hash.get(email_hash)

    def with_external_id(self, external_id: str | None) -> int | None:
        return self._ids_by_external_id.get(external_id) if external_id else None

    def change(self, contact_id: int, values: Columns) -> None:
        row = self.rows[contact_id]
        self._ids_by_hash.pop(row["email_hash"], None)
        self._ids_by_external_id.pop(row["external_id"], None)
        row.update(values)
        self._index(contact_id)

    def _index(self, contact_id: int) -> None:
        row = self.rows[contact_id]
        if row["email_hash"] is not None:
            self._ids_by_hash[row["email_hash"]] = contact_id
        if row["external_id"] is not None:
            self._ids_by_external_id[row["external_id"]] = contact_id


class ContactWriter:
    """Writes one block of rows after the other, inside the caller's transaction."""

    def __init__(
        self, session: Session, *, keys: ContactKeys, now: datetime, default_locale: str
    ) -> None:
        self._session = session
        self._keys = keys
        self._now = now
        self._default_locale = default_locale
        self._ids = row_ids(session, CONTACTS)
        self._partners = PartnerIndex(session)
        self._owners = dict(session.execute(select(User.email, User.id)).all())
        self._people = _People()
        self._created: list[Columns] = []
        self._changes: dict[int, Columns] = {}
        #: Names of the companies that were unknown, in the order of the file.
        self.new_partners: list[str] = []

    def write(
        self, block: Sequence[GoodRow[ContactRow]]
    ) -> tuple[ImportCounts, Sequence[Conflict]]:
        """Create and change the people of a block; rows that contradict what is stored are left."""
        hashes = [self._hash(row.values.address) for row in block]
        identifiers = [row.values.external_id for row in block if row.values.external_id]
        self._people = _People.read(self._session, hashes, identifiers)
        n_partners_before = len(self.new_partners)
        n_changed, conflicts = 0, []
        for row, email_hash in zip(block, hashes, strict=True):
            contact_id = self._people.with_hash(email_hash)
            named_id = self._people.with_external_id(row.values.external_id)
            if contact_id and named_id and contact_id != named_id:
                conflicts.append(Conflict(row.number, ErrorCode.EXTERNAL_ID_OF_ANOTHER))
            else:
                n_changed += self._take(row.values, email_hash, contact_id or named_id)
        n_created = len(self._created)
        self._flush()
        n_good = len(block) - len(conflicts)
        counts = ImportCounts(
            n_good=n_good,
            n_bad=len(conflicts),
            n_created=n_created,
            n_changed=n_changed,
            n_unchanged=n_good - n_created - n_changed,
            n_suppressed=self._count_suppressed(hashes),
            n_partners_created=len(self.new_partners) - n_partners_before,
        )
        return counts, conflicts

    def _take(self, row: ContactRow, email_hash: bytes, contact_id: int | None) -> bool:
        """Remember what a row changes; True if it changes a person or company known before."""
        partner_id, is_partner_changed = self._place(row)
        values = self._values(row, email_hash, partner_id)
        is_changed = False
        if contact_id is None:
            self._create(row, values)
        else:
            is_changed = self._change(contact_id, values, row.address) or is_partner_changed
        reason = SUPPRESSED_BY_STATUS.get(row.email_status or "")
        if reason is not None:
            self._suppress(email_hash, row.address, reason)
        return is_changed

    def _place(self, row: ContactRow) -> tuple[int | None, bool]:
        """The company of a row, created or changed, and whether it was changed."""
        if row.audience is not Audience.PARTNER or row.partner_name is None:
            return None, False
        values = _said(row, PARTNER_COLUMNS)
        if row.account_manager_email is not None:
            values["owner_id"] = self._owner(row.account_manager_email.key)
        partner_id = self._partners.find(row.partner_name, external_id=row.partner_external_id)
        if partner_id is not None:
            return partner_id, self._partners.change(partner_id, values)
        self.new_partners.append(row.partner_name)
        return self._partners.add(values), False

    def _owner(self, email: str) -> int:
        """The account manager's user; one who cannot sign in, if nobody has this address yet."""
        if email not in self._owners:
            user = User(email=email, name=email, role=Role.MANAGER, locale=self._default_locale)
            self._session.add(user)
            self._session.flush()
            self._owners[email] = user.id
        return self._owners[email]

    def _values(self, row: ContactRow, email_hash: bytes, partner_id: int | None) -> Columns:
        values = _said(row, CONTACT_COLUMNS)
        values["audience"] = row.audience
        values["partner_id"] = partner_id
        values["email"] = row.address.written
        values["email_hash"] = email_hash
        if row.attributes:
            values["attributes"] = dict(row.attributes)
        return values

    def _create(self, row: ContactRow, values: Columns) -> None:
        contact_id = next(self._ids)
        token = make_token(self._keys.secret_key, PREFERENCES, contact_id, 1)
        self._created.append(
            {
                "locale": self._default_locale,
                "attributes": {},
                **values,
                "id": contact_id,
                "search_key": _search_key(values),
                "preferences_hash": hash_token(token),
                "token_version": 1,
                "is_main": False,
                "created_at": self._now,
            }
        )

    def _change(self, contact_id: int, values: Columns, address: Address) -> bool:
        """Remember what differs; True if anything does."""
        stored = self._people.rows[contact_id]
        if "attributes" in values:
            values["attributes"] = {**stored["attributes"], **values["attributes"]}
        different = {name: value for name, value in values.items() if stored[name] != value}
        if not different:
            return False
        old_hash = stored["email_hash"]
        self._people.change(contact_id, different)
        changes = different | {"search_key": _search_key(stored)}
        self._changes[contact_id] = self._changes.get(contact_id, {}) | changes
        if not IDENTITY_COLUMNS.isdisjoint(different):
            # At once, in the order of the file: a later row may take what this one gives up.
            self._write_changes()
        if "email_hash" in different and old_hash is not None:
            carry_over(
                self._session,
                old_hash,
                different["email_hash"],
                email=address.written,
                now=self._now,
                source=SOURCE,
            )
        return True

    def _flush(self) -> None:
        self._write_changes()
        insert_rows(self._session, CONTACTS, self._created)
        self._created.clear()

    def _write_changes(self) -> None:
        self._partners.write()
        update_rows(self._session, CONTACTS, self._changes)
        self._changes.clear()

    def _suppress(
        self,
        email_hash: bytes,
        address: Address,
        reason: SuppressionReason,
    ) -> None:
        suppress(
            self._session,
            email_hash,
            email=address.written,
            reason=reason,
            source=SOURCE,
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

    def _hash(self, address: Address) -> bytes:
        return identity_hash(self._keys.identity_key, address.key)


def _said(row: ContactRow, columns: Sequence[tuple[str, str]]) -> Columns:
    """What a row says, by column; an empty cell says nothing."""
    return {column: value for name, column in columns if (value := getattr(row, name)) is not None}


def _search_key(values: Mapping[str, Any]) -> str:
    return search_key(values.get("first_name"), values.get("last_name"), values.get("email"))
