"""Every partner company in memory, so that a row of a file finds its company without a query.

Changes are made to the index and written together. Two companies of one name are told apart by
their identifiers; a name alone means the first. Where rows of one file contradict each other about
a company the first one counts, so that the same file again changes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.bulk import insert_rows, row_ids, update_rows
from surveys.db import Base
from surveys.search_keys import search_key

PARTNERS = Base.metadata.tables["partners"]
#: What a file can say about a company, and the folded name.
COLUMNS = (
    "external_id",
    "name",
    "search_key",
    "owner_id",
    "type",
    "tier",
    "region",
    "country",
    "size_band",
    "revenue_band",
)


class PartnerIndex:
    """The companies as they are stored, with what one file changes about them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ids = row_ids(session, PARTNERS)
        self._rows: dict[int, dict[str, Any]] = {}
        self._keys: dict[str, str] = {}
        self._by_external_id: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        self._new: dict[int, dict[str, Any]] = {}
        self._changes: dict[int, dict[str, Any]] = defaultdict(dict)
        self._said: dict[int, set[str]] = defaultdict(set)
        query = select(PARTNERS.c.id, *(PARTNERS.c[name] for name in COLUMNS))
        for partner_id, *values in session.execute(query.order_by(PARTNERS.c.id)):
            self._remember(partner_id, dict(zip(COLUMNS, values, strict=True)))

    def find(self, name: str, *, external_id: str | None) -> int | None:
        """The company with this identifier; else the one of this name that has no identifier.

        Without an identifier the first of this name. None when there is no such company yet.
        """
        named = self._by_name.get(self._key(name))
        if external_id is None:
            return named
        known = self._by_external_id.get(external_id)
        if known is not None or named is None:
            return known
        return named if self._rows[named]["external_id"] is None else None

    def add(self, values: Mapping[str, Any]) -> int:
        """A new company with these columns, `name` among them; returns its id."""
        partner_id = next(self._ids)
        row = {**dict.fromkeys(COLUMNS), **self._with_search_key(values)}
        self._remember(partner_id, row)
        self._new[partner_id] = row
        self._said[partner_id].update(values)
        return partner_id

    def change(self, partner_id: int, values: Mapping[str, Any]) -> bool:
        """Set the columns that differ and that no row before has said; True if any did."""
        said = self._said[partner_id]
        wanted = {name: value for name, value in values.items() if name not in said}
        said.update(wanted)
        row = self._rows[partner_id]
        different = {
            name: value
            for name, value in self._with_search_key(wanted).items()
            if row[name] != value
        }
        if different:
            row.update(different)
            self._remember(partner_id, row)
            if partner_id not in self._new:
                self._changes[partner_id].update(different)
        return bool(different)

    def write(self) -> None:
        """Write what was added and changed since the last call."""
        rows = [{"id": each, "attributes": {}} | row for each, row in self._new.items()]
        insert_rows(self._session, PARTNERS, rows)
        update_rows(self._session, PARTNERS, self._changes)
        self._new.clear()
        self._changes.clear()

    def _remember(self, partner_id: int, row: dict[str, Any]) -> None:
        self._rows[partner_id] = row
        if row["external_id"] is not None:
            self._by_external_id[row["external_id"]] = partner_id
        self._by_name.setdefault(row["search_key"], partner_id)

    def _with_search_key(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if "name" not in values:
            return values
        return {**values, "search_key": self._key(values["name"])}

    def _key(self, name: str) -> str:
        # Folding a name is the dearest step of a row, and a company has many rows.
        if name not in self._keys:
            self._keys[name] = search_key(name)
        return self._keys[name]
