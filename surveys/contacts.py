"""Importing a contact file: partners, their contacts, and the vendor's own staff.

Reading and judging rows is done by `surveys/contact_file`, writing the good ones by
`surveys/contact_writer.py`; here the two meet, block by block. An empty cell leaves what is stored.
A row that cannot be taken never stops the others. A file that waits for its confirmation is kept by
`surveys/contact_imports.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.contact_file import (
    SKIP,
    BadRow,
    ColumnMapping,
    ContactField,
    Encoding,
    GoodRow,
    ImportCounts,
    Known,
    RowError,
    Separator,
    Table,
    decode,
    match_columns,
    open_table,
    read_contacts,
)
from surveys.contact_writer import Conflict, ContactKeys, ContactWriter
from surveys.models import Contact

__all__ = ["ContactKeys", "ImportReport", "import_contacts", "read_file"]

BLOCK = 1000
#: How many stored addresses are looked at for the ending of an incomplete one.
MAX_KNOWN_ADDRESSES = 5000


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file; `new_partners` are names of companies that were unknown."""

    table: Table
    mapping: ColumnMapping
    counts: ImportCounts
    refused: Sequence[BadRow]
    new_partners: Sequence[str]


def read_file(
    data: bytes,
    *,
    targets: Mapping[int, str] | None = None,
    encoding: Encoding | None = None,
    separator: Separator | None = None,
) -> tuple[Table, ColumnMapping]:
    """Open a file and match its columns; what a person chose is not guessed.

    `targets` are choices of columns by position. Raises FileRefused, or UnknownTarget for a choice
    that is none.
    """
    table = open_table(decode(data, encoding=encoding), separator=separator)
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
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Write every good row; columns without a choice are left out.

    `default_locale` is the language of new people for whom the file names none; `progress` is told
    the number of rows of each block. The caller commits, or rolls back after a dry run. Raises
    ColumnsMissing.
    """
    complete = mapping.with_open_columns_as(SKIP)
    rows = read_contacts(table, complete, known=_known(session))
    session.flush()
    writer = ContactWriter(session, keys=keys, now=now, default_locale=default_locale)
    counts = ImportCounts()
    refused: list[BadRow] = []
    conflicts: list[Conflict] = []
    while block := list(islice(rows, BLOCK)):
        bad = [row for row in block if isinstance(row, BadRow)]
        block_counts, block_conflicts = writer.write(
            [row for row in block if isinstance(row, GoodRow)]
        )
        refused += bad
        conflicts += block_conflicts
        counts += block_counts + ImportCounts(n_rows=len(block), n_bad=len(bad))
        if progress is not None:
            progress(len(block))
    session.expire_all()
    refused += _contradicting(table, complete, conflicts)
    refused.sort(key=lambda row: row.number)
    return ImportReport(table, complete, counts, refused, writer.new_partners)


def _contradicting(
    table: Table, mapping: ColumnMapping, conflicts: Sequence[Conflict]
) -> Sequence[BadRow]:
    """The rows behind conflicts, with their cells, for which the file is read once more."""
    if not conflicts:
        return []
    heading = mapping.heading_of(ContactField.EXTERNAL_ID)
    errors = {each.number: (RowError(each.code, heading),) for each in conflicts}
    return [
        BadRow(record.number, tuple(record.cells), errors[record.number])
        for record in table.records()
        if record.number in errors
    ]


def _known(session: Session) -> Known:
    query = select(Contact.email).where(Contact.email.is_not(None)).limit(MAX_KNOWN_ADDRESSES)
    domains = {email.rpartition("@")[2] for email in session.scalars(query) if email}
    return Known(domains=tuple(sorted(domains)))
