"""Pages of contacts: the list, and the import of a file in three steps: upload, check, done."""

import unicodedata
from datetime import timedelta
from pathlib import PurePath

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.contact_checks import ImportCheck, Reading
from surveys.contact_file import (
    MAX_FILE_BYTES,
    FileProblem,
    FileRefused,
    ImportCounts,
    file_text,
    sample_contacts,
)
from surveys.contact_imports import (
    KEPT,
    ImportNotReady,
    cancel_import,
    check_again,
    confirm_import,
    is_waiting,
    stored_check,
    upload_contacts,
)
from surveys.contact_list import ContactFilter, Reach, list_contacts
from surveys.contacts import ContactKeys
from surveys.db import db
from surveys.errors import NotFound
from surveys.i18n import gettext, page_locale
from surveys.models import Import
from surveys.permissions import Permission, allows, import_for_writing
from surveys.question_bank import LOCALES
from surveys.runtime import now, settings
from surveys.terms import Audience, ImportKind, ImportState
from surveys.web import import_words
from surveys.web.accounts import EmptyForm
from surveys.web.forms import BaseForm
from surveys.web.import_form import UploadForm, chosen_reading, columns_form
from surveys.web.security import MAX_UPLOAD_BYTES
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("contacts", __name__)
MAX_SEARCH_LENGTH = 100
MAX_FILE_NAME_LENGTH = 120
MEGABYTE = 1024 * 1024
CSV = "text/csv; charset=utf-8"
IMPORT = "/contacts/import/<int:import_id>"


@bp.get("/contacts")
@signed_in(Permission.SEE_RESULTS)
def index() -> str:
    """Everybody who can be asked, a page at a time."""
    wanted = _wanted()
    page = list_contacts(
        db.session(),
        wanted,
        number=request.args.get("page", 1, type=int),
        may_see_addresses=allows(current_user(), Permission.SEE_ADDRESSES),
    )
    return render_template(
        "manage/contacts/index.html",
        page=page,
        wanted=wanted,
        may_import=allows(current_user(), Permission.RUN_SURVEYS),
        audiences=Audience,
        reach=Reach,
        languages=dict(import_words.language_choices()),
    )


@bp.get("/contacts/sample-<locale>.csv")
@signed_in(Permission.RUN_SURVEYS)
def sample(locale: str) -> Response:
    """A file to start from."""
    if locale not in LOCALES:
        raise NotFound("sample", locale)
    return _download(sample_contacts(locale), f"partner-pulse-contacts-{locale}.csv")


@bp.get("/contacts/import")
@signed_in(Permission.RUN_SURVEYS)
def new_import() -> str:
    """The form that takes a file."""
    too_large = FileRefused(
        FileProblem.TOO_LARGE,
        size=f"> {MAX_UPLOAD_BYTES // MEGABYTE}",
        limit=MAX_FILE_BYTES // MEGABYTE,
    )
    error = file_text(too_large, translate=gettext) if "too_large" in request.args else ""
    return _upload_page(UploadForm(), error)


@bp.post("/contacts/import")
@signed_in(Permission.RUN_SURVEYS)
def upload() -> Response | tuple[str, int]:
    """Check a file and keep it; one that cannot be read changes nothing and says why."""
    # A body may arrive slowly. On SQLite a transaction that is open meanwhile, if only to read who
    # is signed in, would keep every other writer waiting.
    db.session.rollback()
    request.max_content_length = MAX_UPLOAD_BYTES
    try:
        form = UploadForm()
    except RequestEntityTooLarge:
        return redirect(url_for(".new_import", too_large=1), 303)
    file = request.files.get("file")
    if not form.validate():
        return _upload_page(form, ""), 422
    if file is None or not file.filename:
        return _upload_page(form, gettext("Choose a file.")), 422
    try:
        kept = upload_contacts(
            db.session(),
            file.read(),
            file_name=_file_name(file.filename),
            user_id=current_user().id,
            reading=Reading(default_locale=page_locale()),
            keys=_keys(),
            now=now(),
            describe=import_words.what_to_fix,
        )
    except FileRefused as refused:
        db.session.rollback()
        return _upload_page(form, file_text(refused, translate=gettext)), 422
    import_id = kept.id
    db.session.commit()
    return redirect(url_for(".show_import", import_id=import_id), 303)


@bp.get(IMPORT)
@signed_in(Permission.RUN_SURVEYS)
def show_import(import_id: int) -> Response | str:
    """What was found in a file, or what became of it."""
    found = _import(import_id)
    if found.state is ImportState.DONE:
        return render_template("manage/contacts/done.html", upload=found, check=stored_check(found))
    if not is_waiting(found, now=now()):
        return redirect(url_for(".new_import"), 303)
    check = stored_check(found)
    return _check_page(found, check, columns_form(check))


@bp.post(f"{IMPORT}/check")
@signed_in(Permission.RUN_SURVEYS)
def check_import(import_id: int) -> Response | tuple[str, int]:
    """Check a file again, as the person wants it read."""
    found, check, form = _waiting(import_id)
    if check is None or form is None:
        return redirect(url_for(".show_import", import_id=import_id), 303)
    if not form.validate():
        return _check_page(found, check, form), 422
    return _check_anew(found, check, form)


@bp.post(f"{IMPORT}/confirm")
@signed_in(Permission.RUN_SURVEYS)
def confirm(import_id: int) -> Response | tuple[str, int]:
    """Import a file; where a column was changed since the check, check first and show that."""
    found, check, form = _waiting(import_id)
    if check is None or form is None:
        return redirect(url_for(".show_import", import_id=import_id), 303)
    if not form.validate():
        return _check_page(found, check, form), 422
    if chosen_reading(form, check) != check.reading:
        flash(gettext("You changed how the file is read. Look at the result, then import."), "warn")
        return _check_anew(found, check, form)
    try:
        counts = confirm_import(
            db.session(), found, keys=_keys(), now=now(), describe=import_words.what_to_fix
        )
    except ImportNotReady:
        db.session.rollback()
        flash(import_words.why_not_ready(check), "warn")
        return redirect(url_for(".show_import", import_id=import_id), 303)
    if counts is not None:
        _audit(import_id, counts)
    db.session.commit()
    return redirect(url_for(".show_import", import_id=import_id), 303)


@bp.post(f"{IMPORT}/cancel")
@signed_in(Permission.RUN_SURVEYS)
def cancel(import_id: int) -> Response:
    """Give a file up."""
    found = _import(import_id)
    if EmptyForm().validate():
        cancel_import(db.session(), found, now=now())
        db.session.commit()
        flash(gettext("The file is deleted. Nothing was imported."), "ok")
    return redirect(url_for(".index"), 303)


@bp.get(f"{IMPORT}/errors.csv")
@signed_in(Permission.RUN_SURVEYS)
def errors(import_id: int) -> Response:
    """The rows that cannot be taken, to be corrected and uploaded again."""
    found = _import(import_id)
    if found.errors_csv is None:
        raise NotFound("error file", import_id)
    return _download(found.errors_csv, f"{PurePath(found.file_name).stem}-errors.csv")


def _wanted() -> ContactFilter:
    """The filter in the address; what cannot be meant is left out."""
    audience = request.args.get("audience")
    is_staff = audience == Audience.INTERNAL
    return ContactFilter(
        audience=Audience.INTERNAL if is_staff else Audience.PARTNER,
        text=_plain(request.args.get("q", ""))[:MAX_SEARCH_LENGTH],
        tier="" if is_staff else _plain(request.args.get("tier", "")),
        type="" if is_staff else _plain(request.args.get("type", "")),
    )


def _plain(text: str) -> str:
    """The text without control characters, which no name holds and PostgreSQL refuses."""
    return "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cs"}).strip()


def _file_name(sent: str) -> str:
    """The name as a page can show it: no folder, no control characters, not endless."""
    name = _plain(sent.replace("\\", "/").rpartition("/")[2])
    stem, dot, ending = name.rpartition(".")
    return f"{stem[:MAX_FILE_NAME_LENGTH]}{dot}{ending[:MAX_FILE_NAME_LENGTH]}"


def _import(import_id: int) -> Import:
    found = import_for_writing(db.session(), current_user(), import_id)
    if found.kind is not ImportKind.CONTACTS:
        raise NotFound("import", import_id)
    return found


def _waiting(import_id: int) -> tuple[Import, ImportCheck | None, BaseForm | None]:
    """A file with its check and form; without them when it is imported or gone already."""
    found = _import(import_id)
    if not is_waiting(found, now=now()):
        return found, None, None
    check = stored_check(found)
    return found, check, columns_form(check)


def _check_anew(found: Import, check: ImportCheck, form: BaseForm) -> Response | tuple[str, int]:
    import_id = found.id
    try:
        check_again(
            db.session(),
            found,
            chosen_reading(form, check),
            keys=_keys(),
            now=now(),
            describe=import_words.what_to_fix,
        )
    except FileRefused as refused:
        db.session.rollback()
        form["encoding"].errors = [file_text(refused, translate=gettext)]
        return _check_page(found, check, form), 422
    db.session.commit()
    return redirect(url_for(".show_import", import_id=import_id), 303)


def _upload_page(form: UploadForm, error: str) -> str:
    return render_template(
        "manage/contacts/import.html",
        form=form,
        error=error,
        limit=MAX_FILE_BYTES // MEGABYTE,
        kept_days=KEPT // timedelta(days=1),
        locales=LOCALES,
    )


def _check_page(found: Import, check: ImportCheck, form: BaseForm) -> str:
    return render_template(
        "manage/contacts/check.html", upload=found, check=check, form=form, words=import_words
    )


def _download(data: bytes, name: str) -> Response:
    reply = Response(data, content_type=CSV)
    reply.headers.set("Content-Disposition", "attachment", filename=name)
    return reply


def _keys() -> ContactKeys:
    return ContactKeys(settings().secret_key, settings().identity_key)


def _audit(import_id: int, counts: ImportCounts) -> None:
    record_event(
        db.session(),
        "contacts.import",
        actor=f"user {current_user().id}",
        now=now(),
        object_type="import",
        object_id=import_id,
        **counts.to_json(),
    )
