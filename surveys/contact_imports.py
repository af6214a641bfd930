"""A contact file between upload, check and confirmation: one row of `imports`, with the bytes.

The check is the import itself inside a savepoint that is rolled back, so its counts are what the
import will do. Its result is stored, because a page is fetched without reading the file again. The
bytes go when the file is imported or given up, and after a week in any case.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from surveys.contact_checks import ImportCheck, Reading, checked, without_cells
from surveys.contact_file import (
    ColumnMapping,
    ImportCounts,
    RowError,
    Table,
    error_file,
    error_text,
)
from surveys.contacts import ContactKeys, ImportReport, import_contacts, read_file
from surveys.errors import SurveyError
from surveys.models import Import
from surveys.terms import ImportKind, ImportState

KEPT = timedelta(days=7)

Describe = Callable[[RowError], str]


class ImportNotReady(SurveyError):
    """A file that cannot be imported: a column needs a choice, no row is good, or it is gone."""


def upload_contacts(
    session: Session,
    data: bytes,
    *,
    file_name: str,
    user_id: int,
    reading: Reading,
    keys: ContactKeys,
    now: datetime,
    describe: Describe = error_text,
) -> Import:
    """Check a file and keep it until its confirmation. Raises FileRefused; then nothing is kept.

    `describe` gives the sentences of the error file in the reader's language.
    """
    forget_old_imports(session, now=now)
    check, errors = _check(session, data, reading, keys=keys, now=now, describe=describe)
    upload = Import(
        kind=ImportKind.CONTACTS,
        state=ImportState.UPLOADED,
        user_id=user_id,
        file_name=file_name,
        file=data,
        created_at=now,
    )
    session.add(upload)
    _store(upload, check, errors)
    session.flush()
    return upload


def check_again(
    session: Session,
    upload: Import,
    reading: Reading,
    *,
    keys: ContactKeys,
    now: datetime,
    describe: Describe = error_text,
) -> ImportCheck:
    """Check a file as a person wants it read. Raises FileRefused or UnknownTarget.

    Where encoding or separator change, so do the headings: then columns are matched anew.
    """
    before = stored_check(upload)
    if upload.state is not ImportState.UPLOADED:
        raise ImportNotReady
    if (reading.encoding, reading.separator) != (before.encoding, before.separator):
        reading = Reading(reading.default_locale, {}, reading.encoding, reading.separator)
    check, errors = _check(
        session, _bytes_of(upload), reading, keys=keys, now=now, describe=describe
    )
    _store(upload, check, errors)
    return check


def confirm_import(
    session: Session,
    upload: Import,
    *,
    keys: ContactKeys,
    now: datetime,
    describe: Describe = error_text,
) -> ImportCounts | None:
    """Import a checked file and forget its bytes; the refused rows stay to be downloaded.

    None if it was imported or given up already, even at this moment by another request. Raises
    ImportNotReady while a column needs a choice.
    """
    check = stored_check(upload)
    if not check.is_ready:
        raise ImportNotReady
    # The condition is met by one of two requests only; the other waits, then finds it done.
    claimed = session.execute(
        update(Import)
        .where(Import.id == upload.id, Import.state == ImportState.UPLOADED)
        .values(state=ImportState.DONE, finished_at=now)
        .returning(Import.id)
    ).one_or_none()
    if claimed is None:
        return None
    table, mapping = _read(_bytes_of(upload), check.reading)
    report = import_contacts(
        session, table, mapping, keys=keys, now=now, default_locale=check.default_locale
    )
    done = checked(table, report.mapping, report=report, default_locale=check.default_locale)
    _store(upload, without_cells(done), _error_file(report, describe))
    upload.n_done = report.counts.n_good
    upload.file = None
    return report.counts


def cancel_import(session: Session, upload: Import, *, now: datetime) -> None:
    """Give a file up; nothing of it stays."""
    if upload.state is ImportState.UPLOADED:
        upload.state = ImportState.CANCELLED
        upload.finished_at = now
        upload.file = upload.errors_csv = upload.mapping = upload.counts = None


def forget_old_imports(session: Session, *, now: datetime) -> int:
    """Delete what is left of files after a week; returns how many it were.

    Of a file that was never confirmed nothing stays; of an imported one its figures do.
    """
    old = Import.created_at < now - KEPT
    given_up = session.execute(
        update(Import)
        .where(old, Import.state == ImportState.UPLOADED)
        .values(
            state=ImportState.CANCELLED,
            finished_at=now,
            file=None,
            errors_csv=None,
            mapping=None,
            counts=None,
        )
        .returning(Import.id)
    ).all()
    imported = session.execute(
        update(Import)
        .where(old, Import.errors_csv.is_not(None))
        .values(errors_csv=None)
        .returning(Import.id)
    ).all()
    return len(given_up) + len(imported)


def is_waiting(upload: Import, *, now: datetime) -> bool:
    """Whether this file can still be checked and imported."""
    is_kept = upload.state is ImportState.UPLOADED and upload.counts is not None
    return is_kept and upload.created_at >= now - KEPT


def stored_check(upload: Import) -> ImportCheck:
    """What the last check of this file found. Raises ImportNotReady for a file given up."""
    if upload.counts is None:
        raise ImportNotReady
    return ImportCheck.from_json(upload.counts)


def _check(
    session: Session,
    data: bytes,
    reading: Reading,
    *,
    keys: ContactKeys,
    now: datetime,
    describe: Describe,
) -> tuple[ImportCheck, bytes | None]:
    """Import and take it back; the check, and the file of refused rows."""
    table, mapping = _read(data, reading)
    if mapping.missing:
        return checked(table, mapping, report=None, default_locale=reading.default_locale), None
    savepoint = session.begin_nested()
    try:
        report = import_contacts(
            session, table, mapping, keys=keys, now=now, default_locale=reading.default_locale
        )
    finally:
        savepoint.rollback()
    check = checked(table, mapping, report=report, default_locale=reading.default_locale)
    return check, _error_file(report, describe)


def _read(data: bytes, reading: Reading) -> tuple[Table, ColumnMapping]:
    return read_file(
        data, targets=reading.targets, encoding=reading.encoding, separator=reading.separator
    )


def _error_file(report: ImportReport, describe: Describe) -> bytes | None:
    if not report.refused:
        return None
    return b"".join(error_file(report.table, report.refused, describe=describe))


def _store(upload: Import, check: ImportCheck, errors: bytes | None) -> None:
    upload.mapping = {"targets": [column.target for column in check.columns]}
    upload.n_rows = check.counts.n_rows
    upload.counts = check.to_json()
    upload.errors_csv = errors


def _bytes_of(upload: Import) -> bytes:
    if upload.file is None:
        raise ImportNotReady
    return upload.file
