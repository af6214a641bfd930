"""Files of a run, from the button on every page of results."""

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from werkzeug.wrappers import Response as Reply

from analysis.csv_export import EXCEL
from analysis.exports import (
    IDENTIFIED_ONLY,
    Kind,
    export_table,
    file_name,
    require_exportable,
)
from analysis.file_formats import FileFormat, available_formats
from analysis.queries import run_figures
from analysis.web.choice import Choice, chosen
from surveys.audit import record_event
from surveys.db import begin_read_only, db
from surveys.errors import NotConfidential, NotPublished
from surveys.i18n import page_locale
from surveys.permissions import Permission, allows
from surveys.runtime import now
from surveys.waves import run_by_id
from surveys.web.accounts import EmptyForm
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("export", __name__)


@bp.post("/overview/<int:run_id>/export")
@signed_in(Permission.EXPORT)
def download(run_id: int) -> Reply | tuple[str, int]:
    """A file of the run; a POST, since each export is written to the audit log."""
    choice = chosen(run_id)
    if not EmptyForm().validate():
        return redirect(url_for("overview.show", run_id=run_id), 303)
    kind = _named(Kind, request.form.get("kind", Kind.SCORES))
    file_format: FileFormat = _named(
        available_formats().__getitem__, request.form.get("format", EXCEL.name)
    )
    try:
        require_exportable(kind, choice.figures)
    except (NotConfidential, NotPublished) as error:
        return _refusal(choice, error)
    _write_audit(choice, kind)
    # The file is read on one snapshot that holds no lock, however long the download takes.
    begin_read_only(db.session())
    figures = run_figures(db.session(), run_by_id(db.session(), run_id))
    with_addresses = allows(current_user(), Permission.SEE_ADDRESSES)
    table = export_table(
        db.session(), kind, figures, with_addresses=with_addresses, locale=page_locale()
    )
    name = file_name(figures.run, kind, now(), file_format.ending)
    return Response(
        stream_with_context(file_format.pieces(table)),
        content_type=file_format.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@bp.app_template_global()
def export_formats() -> list[str]:
    """The names of the formats that a file can be had in, as the form offers them."""
    return list(available_formats())


def _write_audit(choice: Choice, kind: Kind) -> None:
    record_event(
        db.session(),
        "export",
        actor=f"user {current_user().id}",
        now=now(),
        object_type="wave",
        object_id=choice.run.id,
        kind=kind.value,
    )
    db.session.commit()


def export_kinds(choice: Choice) -> list[Kind]:
    """The files that this person can have of this run; none without the right to export."""
    if not allows(current_user(), Permission.EXPORT):
        return []
    return [kind for kind in Kind if choice.is_identified or kind not in IDENTIFIED_ONLY]


def _refusal(choice: Choice, error: NotConfidential | NotPublished) -> tuple[str, int]:
    """The reason as a page; nothing is written to the audit log, since nothing left."""
    refused = isinstance(error, NotConfidential)
    page = render_template("dashboard/no_export.html", choice=choice, is_confidential=refused)
    return page, 403 if refused else 409


def _named(find: Any, name: str) -> Any:
    """What a form names; a name that is not on the form is not found."""
    try:
        return find(name)
    except (KeyError, ValueError):
        abort(404)
