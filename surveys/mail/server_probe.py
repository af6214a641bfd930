"""How far a mail server lets us come: greeting, TLS, sign-in, sender; no recipient is ever named.

It answers with what was met and raises nothing. Judging it is doctor.py's.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from surveys.config import SmtpSettings

SECONDS = 15.0
_FAULTS = (OSError, smtplib.SMTPException, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReport:
    """What was met, as far as it went; `failed_at` is connect, tls, sign_in, sender, or None.

    `detail` is the server's or the system's own word about it. `certificate_until`: verified, and
    good until then. `offers_starttls`: whether the server offers TLS on a connection without it.
    """

    failed_at: str | None = None
    detail: str = ""
    tls: str | None = None
    certificate_until: datetime | None = None
    offers_starttls: bool = False


def open_smtp(settings: SmtpSettings) -> smtplib.SMTP:
    """A connection that has heard the greeting; with TLS from the first byte where that is set."""
    if settings.security == "tls":
        return smtplib.SMTP_SSL(
            settings.host,
            settings.port,
            local_hostname=settings.helo_name,
            timeout=SECONDS,
            context=ssl.create_default_context(),
        )
    return smtplib.SMTP(
        settings.host, settings.port, local_hostname=settings.helo_name, timeout=SECONDS
    )


def probe_server(
    settings: SmtpSettings,
    sender: str,
    *,
    connect: Callable[[SmtpSettings], smtplib.SMTP] = open_smtp,
) -> ServerReport:
    """Say hello, secure the line, sign in, name the sender, and leave."""
    try:
        connection = connect(settings)
    except ssl.SSLError as error:
        return ServerReport(failed_at="tls", detail=_words(error))
    except _FAULTS as error:
        return ServerReport(failed_at="connect", detail=_words(error))
    try:
        return _conversation(connection, settings, sender)
    finally:
        _leave(connection)


def _conversation(connection: smtplib.SMTP, settings: SmtpSettings, sender: str) -> ServerReport:
    step, met = "connect", ServerReport()
    try:
        connection.ehlo()
        met = ServerReport(offers_starttls=connection.has_extn("starttls"))
        step = "tls"
        if settings.security == "starttls":
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        met = _secured(connection, met)
        step = "sign_in"
        if settings.username and settings.password:
            connection.login(settings.username, settings.password)
        step = "sender"
        code, reply = connection.mail(sender) if sender else (250, b"")
        if code != 250:
            raise smtplib.SMTPResponseException(code, reply)
    except _FAULTS as error:
        return ServerReport(
            failed_at=step,
            detail=_words(error),
            tls=met.tls,
            certificate_until=met.certificate_until,
            offers_starttls=met.offers_starttls,
        )
    return met


def _secured(connection: smtplib.SMTP, met: ServerReport) -> ServerReport:
    line: Any = connection.sock
    if not isinstance(line, ssl.SSLSocket):
        return met
    certificate = line.getpeercert() or {}
    until = certificate.get("notAfter")
    return ServerReport(
        offers_starttls=met.offers_starttls,
        tls=line.version(),
        certificate_until=(
            datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC) if until else None
        ),
    )


def _leave(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except _FAULTS:
        connection.close()


def _words(error: Exception) -> str:
    """The fault in one short line; a reply of the server as it was given."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
        return " ".join(f"{error.smtp_code} {text}".split())[:200]
    return " ".join(str(error).split())[:200] or type(error).__name__
