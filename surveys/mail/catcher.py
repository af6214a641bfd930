"""The demo's mail catcher: a real SMTP server whose mails end on a page instead of at a person.

It listens on this machine only, keeps each mail in the workspace, and shows it as its recipient
would see it, so that the whole loop can be tried without a mail account. A developer's tool: it
knows nothing of surveys, asks for no sign-in, and is not part of an installation in earnest.
"""

import logging
import os
import re
import signal
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, NoReturn

import click
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as AnyResponse

from surveys.config import ROOT, with_workspace
from surveys.mail.caught import CaughtMail, Mailbox, matching

HOST = "127.0.0.1"
HOST_NAMES = ["localhost", "127.0.0.1"]
LANGUAGES = ("en", "pl")
VIEWS = ("html", "text", "headers", "raw")
WIDTHS = ("desktop", "phone")
PAGES = ("catcher.index", "catcher.show")
KEPT = ("lang", "q", "page", "view", "width", "auto")  # what the address of a page may carry
PER_PAGE = 100
REFRESH_SECONDS = 5

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# A mail brings its own styles and may bring anything else: it runs no script, loads nothing, and
# what its links open is free of the sandbox again.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    f"frame-ancestors 'self'; base-uri 'none'; sandbox {SANDBOX}"
)
HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")

TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("Mail catcher", "Przechwycona poczta"),
    "about": ("Nothing leaves this machine", "Nic nie opuszcza tego komputera"),
    "skip": ("Skip to content", "Przejdź do treści"),
    "product": ("Open Partner Pulse", "Otwórz Partner Pulse"),
    "mails": ("Mails", "Wiadomości"),
    "search": ("Search", "Szukaj"),
    "search_label": ("Recipient or subject", "Odbiorca lub temat"),
    "clear": ("Clear search", "Wyczyść wyszukiwanie"),
    "refresh": ("Refresh", "Odśwież"),
    "auto_on": ("Refresh every 5 seconds", "Odświeżaj co 5 sekund"),
    "auto_off": ("Stop refreshing", "Nie odświeżaj"),
    "delete": ("Delete all", "Usuń wszystkie"),
    "delete_ask": (
        "Delete all mails? This cannot be undone.",
        "Usunąć wszystkie wiadomości? Tego nie można cofnąć.",
    ),
    "delete_do": ("Delete all mails", "Usuń wszystkie wiadomości"),
    "from": ("From", "Od"),
    "to": ("To", "Do"),
    "subject": ("Subject", "Temat"),
    "language": ("Language", "Język"),
    "received": ("Received", "Odebrano"),
    "no_subject": ("(no subject)", "(bez tematu)"),
    "empty": ("No mail yet", "Nie ma jeszcze wiadomości"),
    "empty_why": (
        "Whatever the demo sends arrives here. The SMTP server listens on port %s.",
        "Tu trafia wszystko, co wysyła wersja demonstracyjna. Serwer SMTP nasłuchuje na porcie %s.",
    ),
    "empty_how": (
        "Open a wave, or ask for a new password on the sign-in page.",
        "Otwórz falę ankiety albo poproś o nowe hasło na stronie logowania.",
    ),
    "no_match": ("No mail matches “%s”", "Żadna wiadomość nie pasuje do „%s”"),
    "newer": ("Newer", "Nowsza"),
    "older": ("Older", "Starsza"),
    "newer_page": ("Newer mails", "Nowsze wiadomości"),
    "older_page": ("Older mails", "Starsze wiadomości"),
    "view": ("View", "Widok"),
    "html": ("As received", "Jak u odbiorcy"),
    "text": ("Plain text", "Zwykły tekst"),
    "headers": ("Headers", "Nagłówki"),
    "raw": ("Source", "Źródło"),
    "width": ("Width", "Szerokość"),
    "desktop": ("Desktop", "Komputer"),
    "phone": ("Phone", "Telefon"),
    "no_html": ("This mail has no HTML part.", "Ta wiadomość nie ma części HTML."),
    "no_text": ("This mail has no text part.", "Ta wiadomość nie ma części tekstowej."),
    "gone": ("This mail is not here any more.", "Tej wiadomości już tu nie ma."),
    "back": ("All mails", "Wszystkie wiadomości"),
}

pages = Blueprint("catcher", __name__)


# --- The pages ------------------------------------------------------------------------------------


def create_catcher(mailbox: Mailbox, *, smtp_port: int, product_url: str | None = None) -> Flask:
    """The small application that shows the mails of one mailbox."""
    app = Flask("catcher", root_path=str(ROOT))
    # Another site must neither read mails through a name of its own nor delete them by a form.
    app.config.update(
        TRUSTED_HOSTS=HOST_NAMES, MAILBOX=mailbox, SMTP_PORT=smtp_port, PRODUCT_URL=product_url
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(pages)
    app.context_processor(_page_context)
    app.after_request(_with_headers)
    app.register_error_handler(404, _not_found)
    return app


@pages.get("/healthz")
def health() -> Response:
    return Response("ok\n", mimetype="text/plain")


@pages.get("/")
def index() -> str:
    query = request.args.get("q", "").strip()
    found = matching(_mailbox().summaries(), query)
    page = max(request.args.get("page", 1, type=int), 1)
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    return render_template(
        "catcher/index.html",
        mails=shown,
        n_found=len(found),
        query=query,
        page=page,
        has_older=len(found) > page * PER_PAGE,
        smtp_port=current_app.config["SMTP_PORT"],
        refresh_seconds=REFRESH_SECONDS if "auto" in request.args else None,
    )


@pages.get("/mail/<mail_id>")
def show(mail_id: str) -> str:
    mail = _mail_or_404(mail_id)
    ids = [one.mail_id for one in _mailbox().summaries()]
    place = ids.index(mail_id) if mail_id in ids else 0
    return render_template(
        "catcher/mail.html",
        mail=mail,
        view=_choice("view", VIEWS if mail.html is not None else VIEWS[1:]),
        views=VIEWS,
        width=_choice("width", WIDTHS),
        widths=WIDTHS,
        newer=ids[place - 1] if place > 0 else None,
        older=ids[place + 1] if place + 1 < len(ids) else None,
        text_pieces=text_pieces(mail.text or ""),
        sandbox=SANDBOX,
    )


@pages.get("/mail/<mail_id>/body")
def body(mail_id: str) -> Response:
    """The HTML part alone, for the frame: no script runs, nothing is loaded from anywhere."""
    mail = _mail_or_404(mail_id)
    if mail.html is None:
        abort(404)
    response = Response(opening_in_new_tabs(mail.html), mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


@pages.post("/delete")
def delete() -> AnyResponse:
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        abort(403)
    _mailbox().clear()
    return redirect(_link("catcher.index"), 303)


def opening_in_new_tabs(html: str) -> str:
    """The mail's HTML with its links opening in a new tab, as a mail program does it."""
    base = '<base target="_blank">'
    head = HEAD.search(html)
    return html[: head.end()] + base + html[head.end() :] if head else base + html


def text_pieces(text: str) -> list[tuple[str, bool]]:
    """The plain text cut into pieces; true marks those that are links."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for link in LINK.finditer(text):
        pieces += [(text[end : link.start()], False), (link[0], True)]
        end = link.end()
    return [*pieces, (text[end:], False)]


def _mailbox() -> Mailbox:
    mailbox = current_app.config["MAILBOX"]
    assert isinstance(mailbox, Mailbox)
    return mailbox


def _mail_or_404(mail_id: str) -> CaughtMail:
    return _mailbox().find(mail_id) or abort(404)


def _choice(name: str, choices: tuple[str, ...]) -> str:
    wanted = request.args.get(name, "")
    return wanted if wanted in choices else choices[0]


def _language() -> str:
    wanted = request.args.get("lang", "")
    if wanted in LANGUAGES:
        return wanted
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def _link(endpoint: str, **changes: Any) -> str:
    """An address that keeps the chosen language."""
    chosen = {"lang": request.args["lang"]} if request.args.get("lang") in LANGUAGES else {}
    return url_for(endpoint, **{**chosen, **changes})


def _here(**changes: Any) -> str:
    """The address of the page shown, with some of its parts changed."""
    endpoint = request.endpoint if request.endpoint in PAGES else "catcher.index"
    kept = {name: request.args[name] for name in KEPT if name in request.args}
    return url_for(endpoint, **{**(request.view_args or {}), **kept, **changes})


def _page_context() -> dict[str, Any]:
    language = _language()
    number = LANGUAGES.index(language)
    return {
        "language": language,
        "languages": LANGUAGES,
        "words": SimpleNamespace(**{key: texts[number] for key, texts in TEXTS.items()}),
        "link": _link,
        "here": _here,
        "local_time": lambda instant: f"{instant.astimezone():%Y-%m-%d %H:%M:%S}",
        "product_url": current_app.config["PRODUCT_URL"],
    }


def _with_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Not 'no-referrer': under that, browsers call the origin of our own form 'null'.
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _not_found(error: Exception) -> tuple[str, int]:
    return render_template("catcher/not_found.html"), 404


# --- The servers ----------------------------------------------------------------------------------


class Receiver:
    """Takes each message that the SMTP server is given."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        try:
            self._mailbox.store(
                envelope.original_content,
                sender=envelope.mail_from or "",
                recipients=envelope.rcpt_tos,
                received_at=datetime.now(UTC),
            )
        except OSError as error:
            return f"451 4.3.0 The mail cannot be kept: {error.strerror}"
        return "250 2.0.0 Caught"


def start_smtp(mailbox: Mailbox, *, port: int) -> Any:
    """Start the SMTP server in a thread of its own; its method `stop` ends it.

    Raises OSError if the port is in use.
    """
    # Not at the top: only the demo has this package, and `pulse` must start without it.
    from aiosmtpd.controller import Controller

    with socket.socket() as probe:  # the controller itself would take five seconds to notice
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
    controller = Controller(
        Receiver(mailbox),
        hostname=HOST,
        port=port,
        server_hostname="localhost",  # otherwise the machine's full name is looked up in the DNS
        ident="Partner Pulse mail catcher",
        enable_SMTPUTF8=True,
    )
    controller.start()
    return controller


def workspace_folder(environ: Mapping[str, str]) -> Path:
    """Where the mails of the workspace are kept."""
    return Path(environ.get("PULSE_INSTANCE", ROOT / "instance")) / "mail"


@click.command("catcher")
@click.option("--smtp-port", type=click.IntRange(1, 65535), default=1025, show_default=True)
@click.option("--web-port", type=click.IntRange(1, 65535), default=8025, show_default=True)
def catcher_command(smtp_port: int, web_port: int) -> None:
    """Catch the demo's mails by SMTP and show them on a page, on this machine only."""
    environ = with_workspace(os.environ)
    mailbox = Mailbox(workspace_folder(environ))
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a search names addresses
    app = create_catcher(mailbox, smtp_port=smtp_port, product_url=environ.get("PULSE_BASE_URL"))
    with ExitStack() as servers:
        web = make_server(HOST, web_port, app, threaded=True)
        servers.callback(web.server_close)
        servers.callback(_started(mailbox, smtp_port).stop)
        signal.signal(signal.SIGTERM, _stop)
        click.echo(f"Mails by SMTP on {HOST}:{smtp_port} are shown at http://localhost:{web_port}")
        web.serve_forever()


def _started(mailbox: Mailbox, smtp_port: int) -> Any:
    try:
        return start_smtp(mailbox, port=smtp_port)
    except OSError as error:
        raise click.ClickException(f"Port {smtp_port} cannot be used: {error.strerror}") from error


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
