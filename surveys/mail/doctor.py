"""`pulse doctor`: whether mail can leave, is believed where it arrives, and can come back.

Each check says what was found and, where something is amiss, what to mend. The network is handed in
as four functions (`Network`), so that nothing here waits for anybody. Sources: RFC 7208 (SPF), RFC
6376 (DKIM), RFC 7489 (DMARC), RFC 8058 (one-click unsubscribe).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from urllib.parse import urlsplit

from surveys.config import ImapSettings, Settings, SmtpSettings
from surveys.errors import SurveyError
from surveys.mail.server_probe import ServerReport
from surveys.workspace import Workspace

MOST_LOOKUPS = 10
#: Of a base64 text; an RSA key of 2,048 bits has 392 characters, one of 1,024 has 216.
SHORT_KEY = 300
CERTIFICATE_WARNING = timedelta(days=14)
_LOOKUP = re.compile(r"[+?~-]?(?:include:|a\b|mx\b|ptr\b|exists:)|redirect=")


class Health(StrEnum):
    """How a part of the set-up is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the set-up: how it is, what was found, and what to mend (empty: nothing)."""

    name: str
    health: Health
    found: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """What the checks ask of the world.

    `records` raises a SurveyError when no name server answers, `status` when the address cannot be
    reached, `visit` when the mailbox cannot be opened.
    """

    probe: Callable[[SmtpSettings, str], ServerReport]
    records: Callable[[str, str], Sequence[str]]
    status: Callable[[str], int]
    visit: Callable[[ImapSettings], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is examined. `selectors`: under which names DKIM keys are published."""

    settings: Settings
    workspace: Workspace
    selectors: Sequence[str] = ()

    @property
    def sender_domain(self) -> str:
        """The domain of the From header, which DMARC asks about."""
        return self.workspace.sender_email.rpartition("@")[2].lower()

    @property
    def envelope_sender(self) -> str:
        """Where bounces go, and whose domain SPF is asked of."""
        return self.settings.bounce_address or self.workspace.sender_email


def examine(patient: Patient, network: Network, *, now: datetime) -> list[Check]:
    """Every check, in the order in which one would mend."""
    return [
        *_server(patient, network, now),
        *_sender(patient),
        *_domain_records(patient, network),
        _unsubscribe(patient.settings, network),
        *_bounces(patient, network),
    ]


def worst(checks: Sequence[Check]) -> Health:
    """The state of the whole: bad, else with warnings, else good; unknown counts as a warning."""
    found = {check.health for check in checks}
    if Health.BAD in found:
        return Health.BAD
    return Health.WARNING if found - {Health.GOOD} else Health.GOOD


def _server(patient: Patient, network: Network, now: datetime) -> Iterator[Check]:
    smtp = patient.settings.smtp
    if smtp is None:
        yield Check(
            "mail server",
            Health.BAD,
            "none is set, so mails stay queued",
            "set PULSE_SMTP_HOST to your relay",
        )
        return
    place = f"{smtp.host}:{smtp.port}"
    report = network.probe(smtp, patient.envelope_sender)
    if report.failed_at == "connect":
        mend = "check PULSE_SMTP_HOST, PULSE_SMTP_PORT and the firewall"
        yield Check("mail server", Health.BAD, f"{place}: {report.detail}", mend)
        return
    yield Check("mail server", Health.GOOD, f"{place} answers")
    yield _encryption(smtp, report, now)
    if report.failed_at == "tls":
        return
    yield _sign_in(smtp, report)
    if report.failed_at != "sign_in":
        yield _accepted_sender(patient, report)


def _encryption(smtp: SmtpSettings, report: ServerReport, now: datetime) -> Check:
    name = "encryption"
    if report.failed_at == "tls":
        mend = "use the name that its certificate holds, or set PULSE_SMTP_SECURITY as it offers"
        return Check(name, Health.BAD, report.detail, mend)
    if smtp.security == "none":
        offered = "; the server offers STARTTLS" if report.offers_starttls else ""
        mend = "set PULSE_SMTP_SECURITY to starttls or tls, unless it is this machine"
        return Check(name, Health.WARNING, f"none{offered}", mend)
    until = report.certificate_until
    if until is not None and until - now < CERTIFICATE_WARNING:
        found = f"{report.tls}, certificate good until {until:%Y-%m-%d} only"
        return Check(name, Health.WARNING, found, "renew the certificate of the mail server")
    good = f", certificate good until {until:%Y-%m-%d}" if until else ""
    return Check(name, Health.GOOD, f"{report.tls}{good}")


def _sign_in(smtp: SmtpSettings, report: ServerReport) -> Check:
    if not smtp.username:
        return Check("sign-in", Health.GOOD, "none is set; the server knows us by our address")
    if report.failed_at == "sign_in":
        mend = "check PULSE_SMTP_USERNAME and PULSE_SMTP_PASSWORD"
        return Check("sign-in", Health.BAD, report.detail, mend)
    return Check("sign-in", Health.GOOD, f"accepted as {smtp.username}")


def _accepted_sender(patient: Patient, report: ServerReport) -> Check:
    name = "sender at the server"
    sender = patient.envelope_sender
    if report.failed_at == "sender":
        mend = "let this account send in the name of this address, at your relay"
        return Check(name, Health.BAD, f"{sender}: {report.detail}", mend)
    return Check(name, Health.GOOD, f"{sender} may send" if sender else "not asked")


def _sender(patient: Patient) -> Iterator[Check]:
    domain = patient.sender_domain
    if not domain:
        yield Check("sender", Health.BAD, "nobody is set as sender", "set it on the page Settings")
        return
    yield Check("sender", Health.GOOD, patient.workspace.sender_email)
    envelope = patient.envelope_sender.rpartition("@")[2].lower()
    if _is_aligned(envelope, domain):
        yield Check("alignment", Health.GOOD, f"bounces go to {envelope}, mails come from {domain}")
        return
    yield Check(
        "alignment",
        Health.WARNING,
        f"bounces go to {envelope}, mails come from {domain}: SPF does not count for DMARC",
        f"take a bounce address below {domain}, or rely on DKIM with d={domain} alone",
    )


def _is_aligned(one: str, other: str) -> bool:
    """Whether two domains belong together as DMARC's relaxed mode has it.

    One is the other, or below it; neighbours below one organisation are not told from strangers.
    """
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _domain_records(patient: Patient, network: Network) -> Iterator[Check]:
    domain = patient.sender_domain
    if not domain:
        return
    envelope = patient.envelope_sender.rpartition("@")[2].lower()
    yield _asked("SPF", lambda: _spf(envelope, network.records(envelope, "TXT")))
    if not patient.selectors:
        yield Check(
            "DKIM",
            Health.UNKNOWN,
            "which selector your relay signs with is not known here",
            "say --dkim-selector NAME; it stands as s= in the DKIM-Signature of a mail you got",
        )
    for selector in patient.selectors:
        place = f"{selector}._domainkey.{domain}"
        yield _asked("DKIM", partial(_dkim, place, network))
    yield _asked("DMARC", lambda: _dmarc(domain, network))


def _asked(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except SurveyError as error:
        return Check(name, Health.UNKNOWN, str(error), "try again where the network answers")


def _spf(domain: str, records: Sequence[str]) -> Check:
    found = [each for each in records if each.lower().split(" ")[0] == "v=spf1"]
    example = 'publish the TXT record "v=spf1 include:YOUR-RELAY ~all"'
    if not found:
        return Check("SPF", Health.BAD, f"{domain} has no record", f"at {domain}, {example}")
    if len(found) > 1:
        mend = f"join the records of {domain} into one: several count as none"
        return Check("SPF", Health.BAD, f"{domain} has {len(found)} records", mend)
    words = found[0].lower().split()
    if "+all" in words or "all" in words:
        mend = "end it with ~all or -all: now everybody may send in this name"
        return Check("SPF", Health.BAD, found[0], mend)
    lookups = sum(1 for word in words[1:] if _LOOKUP.match(word))
    if lookups > MOST_LOOKUPS:
        mend = f"it needs more than {MOST_LOOKUPS} lookups and counts as none; shorten it"
        return Check("SPF", Health.BAD, found[0], mend)
    if not any(word.endswith("all") or word.startswith("redirect=") for word in words):
        return Check("SPF", Health.WARNING, found[0], "end it with ~all or -all")
    return Check("SPF", Health.GOOD, found[0])


def _dkim(place: str, network: Network) -> Check:
    tags = [_tags(each) for each in network.records(place, "TXT") if "p=" in each]
    if not tags:
        mend = f"publish the public key of your relay as a TXT record at {place}"
        return Check("DKIM", Health.BAD, f"{place} has no key", mend)
    key = re.sub(r"\s", "", tags[0].get("p", ""))
    if not key:
        return Check("DKIM", Health.BAD, f"{place}: the key was withdrawn", "publish the new key")
    if tags[0].get("k", "rsa") == "rsa" and len(key) < SHORT_KEY:
        return Check("DKIM", Health.WARNING, f"{place}: a short key", "use one of 2,048 bits")
    return Check("DKIM", Health.GOOD, f"{place} has a key")


def _dmarc(domain: str, network: Network) -> Check:
    for place in _upwards(domain):
        records = network.records(f"_dmarc.{place}", "TXT")
        found = [each for each in records if each.lower().startswith("v=dmarc1")]
        if found:
            return _dmarc_found(place, found)
    mend = f'publish the TXT record "v=DMARC1; p=none; rua=mailto:..." at _dmarc.{domain}'
    return Check("DMARC", Health.BAD, f"{domain} has no record", mend)


def _dmarc_found(place: str, found: Sequence[str]) -> Check:
    if len(found) > 1:
        mend = f"keep one record at _dmarc.{place}: several count as none"
        return Check("DMARC", Health.BAD, f"{len(found)} records at _dmarc.{place}", mend)
    tags = _tags(found[0])
    if tags.get("p", "").lower() not in ("none", "quarantine", "reject"):
        return Check("DMARC", Health.BAD, found[0], "say p=none, p=quarantine or p=reject")
    if tags["p"].lower() == "none":
        mend = "go on to p=quarantine once the reports show that your own mails pass"
        return Check("DMARC", Health.GOOD, found[0], mend)
    return Check("DMARC", Health.GOOD, found[0])


def _upwards(domain: str) -> Iterator[str]:
    """The domain and those above it, down to two labels."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        yield ".".join(labels[start:])


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def _unsubscribe(settings: Settings, network: Network) -> Check:
    name = "unsubscribe address"
    if urlsplit(settings.base_url).scheme != "https":
        mend = "set PULSE_BASE_URL to an https address: mail programs press no other"
        health = Health.WARNING if settings.is_demo else Health.BAD
        return Check(name, health, settings.base_url, mend)
    try:
        status = network.status(f"{settings.base_url}/healthz")
    except SurveyError as error:
        mend = "start pulse web, and check the proxy, its certificate and PULSE_BASE_URL"
        return Check(name, Health.BAD, f"{settings.base_url}: {error}", mend)
    if status != 200:
        mend = "let the proxy pass PULSE_BASE_URL on to pulse web"
        return Check(name, Health.BAD, f"{settings.base_url}/healthz answers {status}", mend)
    return Check(name, Health.GOOD, f"{settings.base_url} answers")


def _bounces(patient: Patient, network: Network) -> Iterator[Check]:
    settings = patient.settings
    if settings.imap is None and settings.bounce_secret is None:
        yield Check(
            "bounces",
            Health.WARNING,
            "nobody reads what comes back",
            "set PULSE_BOUNCE_ADDRESS and PULSE_IMAP_HOST, or PULSE_BOUNCE_SECRET for the notices"
            " of your mail provider",
        )
        return
    if settings.imap is not None:
        yield _mailbox(settings.imap, settings.bounce_address, network)
    if settings.bounce_address is not None:
        domain = settings.bounce_address.rpartition("@")[2]
        yield _asked("bounce address", lambda: _takes_mail(domain, network.records(domain, "MX")))
    if settings.bounce_secret is not None:
        yield Check("bounce notices", Health.GOOD, f"are taken at {settings.base_url}/bounces")


def _mailbox(imap: ImapSettings, address: str | None, network: Network) -> Check:
    name = "bounce mailbox"
    try:
        network.visit(imap)
    except SurveyError as error:
        return Check(name, Health.BAD, str(error), "check the PULSE_IMAP_ settings")
    if address is None:
        mend = "set PULSE_BOUNCE_ADDRESS, so that a bounce names its mail"
        return Check(name, Health.WARNING, f"{imap.host} is read, and no mail bounces to it", mend)
    return Check(name, Health.GOOD, f"{imap.username} at {imap.host} can be read")


def _takes_mail(domain: str, records: Sequence[str]) -> Check:
    if not records:
        mend = f"publish an MX record at {domain}, or bounces cannot come back"
        return Check("bounce address", Health.BAD, f"{domain} has no mail server", mend)
    return Check("bounce address", Health.GOOD, f"{domain} takes mail")
