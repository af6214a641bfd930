"""`pulse doctor`: what it finds in a mail set-up, and what it says to mend."""

import json
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from factories import MONDAY, NORDVIK, make_settings, make_survey
from flask import Flask
from smtp_faults import FaultServer, closed_port
from sqlalchemy.orm import Session

from surveys.config import ImapSettings, Settings, SmtpSettings
from surveys.mail import cli
from surveys.mail.bounces.mailbox import MailboxAway
from surveys.mail.dns_records import DnsAway
from surveys.mail.doctor import Check, Health, Network, Patient, examine, worst
from surveys.mail.server_probe import ServerReport, probe_server
from surveys.workspace import Workspace

SMTP = SmtpSettings("mail.nordvik.example", 587, "starttls", "pulse", "secret", "pulse")
IMAP = ImapSettings("imap.nordvik.example", 993, "tls", "bounces", "secret")
KEY = "v=DKIM1; k=rsa; p=" + "A" * 392
RECORDS: Mapping[tuple[str, str], Sequence[str]] = {
    ("pulse.nordvik.example", "TXT"): ["v=spf1 include:relay.example -all"],
    ("pulse.nordvik.example", "MX"): ["10 mail.nordvik.example."],
    ("s1._domainkey.nordvik.example", "TXT"): [KEY],
    ("_dmarc.nordvik.example", "TXT"): ["v=DMARC1; p=quarantine; rua=mailto:d@nordvik.example"],
}
MET = ServerReport(tls="TLSv1.3", certificate_until=MONDAY + timedelta(days=60))


def sound_settings(**values: Any) -> Settings:
    given: dict[str, Any] = {
        "environment": "production",
        "base_url": "https://pulse.nordvik.example",
        "smtp": SMTP,
        "bounce_address": "bounces@pulse.nordvik.example",
        "imap": IMAP,
    }
    return make_settings("sqlite://", Path("unused"), **(given | values))


def patient(
    settings: Settings | None = None,
    vendor: Workspace = NORDVIK,
    selectors: Sequence[str] = ("s1",),
) -> Patient:
    return Patient(settings=settings or sound_settings(), workspace=vendor, selectors=selectors)


def network(
    *,
    report: ServerReport = MET,
    records: Mapping[tuple[str, str], Sequence[str]] = RECORDS,
    status: Callable[[str], int] = lambda _url: 200,
    visit: Callable[[ImapSettings], None] = lambda _imap: None,
) -> Network:
    return Network(
        probe=lambda _settings, _sender: report,
        records=lambda name, kind: records.get((name, kind), ()),
        status=status,
        visit=visit,
    )


def found(given: Patient, world: Network) -> dict[str, Check]:
    return {check.name: check for check in examine(given, world, now=MONDAY)}


def with_records(**changed: Sequence[str]) -> Network:
    places = {
        "spf": ("pulse.nordvik.example", "TXT"),
        "dkim": ("s1._domainkey.nordvik.example", "TXT"),
        "dmarc": ("_dmarc.nordvik.example", "TXT"),
        "mx": ("pulse.nordvik.example", "MX"),
    }
    return network(records={**RECORDS, **{places[name]: rows for name, rows in changed.items()}})


def test_a_sound_set_up_needs_nothing() -> None:
    checks = examine(patient(), network(), now=MONDAY)

    assert {check.name: check.health for check in checks} == dict.fromkeys(
        (
            "mail server",
            "encryption",
            "sign-in",
            "sender at the server",
            "sender",
            "alignment",
            "SPF",
            "DKIM",
            "DMARC",
            "unsubscribe address",
            "bounce mailbox",
            "bounce address",
        ),
        Health.GOOD,
    )
    assert worst(checks) is Health.GOOD
    assert [check.mend for check in checks if check.mend] == []


def test_without_a_mail_server_mails_stay_queued() -> None:
    check = found(patient(sound_settings(smtp=None)), network())["mail server"]

    assert (check.health, check.mend) == (Health.BAD, "set PULSE_SMTP_HOST to your relay")


@pytest.mark.parametrize(
    ("failed_at", "name", "words"),
    [
        ("connect", "mail server", "PULSE_SMTP_HOST, PULSE_SMTP_PORT"),
        ("tls", "encryption", "the name that its certificate holds"),
        ("sign_in", "sign-in", "PULSE_SMTP_PASSWORD"),
        ("sender", "sender at the server", "send in the name of this address"),
    ],
)
def test_where_a_server_stops_us_is_named_with_its_own_words(
    failed_at: str, name: str, words: str
) -> None:
    report = replace(MET, failed_at=failed_at, detail="535 5.7.8 so says the server")

    checks = found(patient(), network(report=report))

    assert checks[name].health is Health.BAD
    assert "535 5.7.8 so says the server" in checks[name].found
    assert words in checks[name].mend


@pytest.mark.parametrize(
    ("security", "report", "health", "words"),
    [
        ("none", ServerReport(offers_starttls=True), Health.WARNING, "offers STARTTLS"),
        (
            "tls",
            replace(MET, certificate_until=MONDAY + timedelta(days=3)),
            Health.WARNING,
            "2027-02-11 only",
        ),
        ("tls", MET, Health.GOOD, "TLSv1.3, certificate good until 2027-04-09"),
    ],
)
def test_the_encryption_of_the_line_is_judged(
    security: str, report: ServerReport, health: Health, words: str
) -> None:
    settings = sound_settings(smtp=replace(SMTP, security=security))

    check = found(patient(settings), network(report=report))["encryption"]

    assert check.health is health
    assert words in check.found


@pytest.mark.parametrize(
    ("address", "health"),
    [
        ("bounces@pulse.nordvik.example", Health.GOOD),
        ("bounces@nordvik.example", Health.GOOD),
        ("bounces@provider.example", Health.WARNING),
        ("bounces@notnordvik.example", Health.WARNING),
    ],
)
def test_the_domain_of_bounces_must_belong_to_the_senders(address: str, health: Health) -> None:
    checks = found(patient(sound_settings(bounce_address=address)), network())

    assert checks["alignment"].health is health


def test_without_a_sender_nothing_is_asked_about_its_domain() -> None:
    checks = found(patient(vendor=Workspace()), network())

    assert checks["sender"].health is Health.BAD
    assert not {"alignment", "SPF", "DKIM", "DMARC"} & checks.keys()


@pytest.mark.parametrize(
    ("records", "health", "words"),
    [
        ([], Health.BAD, "publish the TXT record"),
        (["some other text"], Health.BAD, "publish the TXT record"),
        (["v=spf1 -all", "v=spf1 mx -all"], Health.BAD, "join the records"),
        (["v=spf1 mx +all"], Health.BAD, "everybody may send"),
        (["v=spf1 mx all"], Health.BAD, "everybody may send"),
        (["v=spf1 " + "include:a.example " * 11 + "-all"], Health.BAD, "more than 10 lookups"),
        (["v=spf1 ip4:192.0.2.1"], Health.WARNING, "end it with"),
        (["v=spf1 " + "ip4:192.0.2.1 " * 11 + "-all"], Health.GOOD, ""),
        (["v=spf1 redirect=_spf.relay.example"], Health.GOOD, ""),
        (["V=SPF1 MX ~ALL"], Health.GOOD, ""),
    ],
)
def test_an_spf_record_is_read_as_receivers_read_it(
    records: Sequence[str], health: Health, words: str
) -> None:
    check = found(patient(), with_records(spf=records))["SPF"]

    assert check.health is health
    assert words in check.mend


@pytest.mark.parametrize(
    ("records", "health", "words"),
    [
        ([], Health.BAD, "s1._domainkey.nordvik.example"),
        (["v=DKIM1; p="], Health.BAD, "publish the new key"),
        (["v=DKIM1; k=rsa; p=" + "A" * 216], Health.WARNING, "2,048 bits"),
        (["v=DKIM1; k=ed25519; p=" + "A" * 44], Health.GOOD, ""),
        ([KEY.replace("AAAA", "AA AA")], Health.GOOD, ""),
    ],
)
def test_a_dkim_key_is_looked_at(records: Sequence[str], health: Health, words: str) -> None:
    check = found(patient(), with_records(dkim=records))["DKIM"]

    assert check.health is health
    assert words in check.mend


def test_a_selector_that_nobody_named_is_no_fault() -> None:
    checks = examine(patient(selectors=()), network(), now=MONDAY)

    (check,) = [each for each in checks if each.name == "DKIM"]
    assert check.health is Health.UNKNOWN
    assert "--dkim-selector" in check.mend
    assert worst(checks) is Health.WARNING


@pytest.mark.parametrize(
    ("records", "health", "words"),
    [
        ([], Health.BAD, "_dmarc.nordvik.example"),
        (["v=DMARC1; p=none"], Health.GOOD, "p=quarantine"),
        (["v=DMARC1; p=reject"], Health.GOOD, ""),
        (["v=DMARC1; p=perhaps"], Health.BAD, "say p=none"),
        (["v=DMARC1; p=none", "v=DMARC1; p=none"], Health.BAD, "keep one record"),
    ],
)
def test_a_dmarc_record_is_read(records: Sequence[str], health: Health, words: str) -> None:
    check = found(patient(), with_records(dmarc=records))["DMARC"]

    assert check.health is health
    assert words in check.mend


def test_a_dmarc_record_of_the_domain_above_counts() -> None:
    vendor = replace(NORDVIK, sender_email="pulse@mail.nordvik.example")

    assert found(patient(vendor=vendor), network())["DMARC"].health is Health.GOOD


def test_a_name_server_that_is_silent_is_no_verdict() -> None:
    def silent(name: str, _kind: str) -> Sequence[str]:
        raise DnsAway(name)

    checks = found(patient(), replace(network(), records=silent))

    for name in ("SPF", "DKIM", "DMARC", "bounce address"):
        assert checks[name].health is Health.UNKNOWN


def _away(_url: str) -> int:
    raise cli.AddressAway("connection refused")


@pytest.mark.parametrize(
    ("values", "status", "health"),
    [
        ({}, lambda _url: 200, Health.GOOD),
        ({}, lambda _url: 502, Health.BAD),
        ({}, _away, Health.BAD),
        ({"base_url": "http://pulse.nordvik.example"}, _away, Health.BAD),
        ({"base_url": "http://localhost:8000", "environment": "demo"}, _away, Health.WARNING),
    ],
)
def test_the_address_behind_unsubscribing_must_answer(
    values: Mapping[str, Any], status: Callable[[str], int], health: Health
) -> None:
    checks = found(patient(sound_settings(**values)), network(status=status))

    assert checks["unsubscribe address"].health is health


def test_bounces_that_nobody_reads_are_a_warning() -> None:
    settings = sound_settings(imap=None, bounce_address=None)

    check = found(patient(settings), network())["bounces"]

    assert check.health is Health.WARNING
    assert "PULSE_BOUNCE_SECRET" in check.mend


def test_notices_of_a_provider_are_enough() -> None:
    settings = sound_settings(imap=None, bounce_address=None, bounce_secret="s" * 32)

    assert found(patient(settings), network())["bounce notices"].health is Health.GOOD


def test_a_mailbox_that_cannot_be_opened_is_bad() -> None:
    def visit(_imap: ImapSettings) -> None:
        raise MailboxAway("error")

    assert found(patient(), network(visit=visit))["bounce mailbox"].health is Health.BAD


def test_a_mailbox_to_which_nothing_bounces_is_a_warning() -> None:
    settings = sound_settings(bounce_address=None)

    assert found(patient(settings), network())["bounce mailbox"].health is Health.WARNING


def test_a_bounce_address_without_a_mail_server_is_bad() -> None:
    assert found(patient(), with_records(mx=[]))["bounce address"].health is Health.BAD


# The conversation with the server


def test_the_server_is_asked_about_the_sender_and_about_no_recipient() -> None:
    with FaultServer() as server:
        report = probe_server(server.settings, "bounces@nordvik.example")
        commands = b" ".join(server.commands).upper()

    assert report == ServerReport()
    assert b"MAIL FROM:<BOUNCES@NORDVIK.EXAMPLE>" in commands
    assert b"RCPT" not in commands
    assert b"DATA" not in commands


def test_a_server_that_refuses_the_sender_is_quoted() -> None:
    with FaultServer(mail_reply=b"553 5.7.1 not yours\r\n") as server:
        report = probe_server(server.settings, "x@nordvik.example")

    assert (report.failed_at, report.detail) == ("sender", "553 5.7.1 not yours")


def test_a_server_without_starttls_is_no_secure_one() -> None:
    with FaultServer() as server:
        report = probe_server(replace(server.settings, security="starttls"), "x@nordvik.example")

    assert report.failed_at == "tls"
    assert report.detail


def test_a_server_that_takes_no_sign_in_is_told() -> None:
    with FaultServer() as server:
        settings = replace(server.settings, username="pulse", password="secret")
        report = probe_server(settings, "x@nordvik.example")

    assert report.failed_at == "sign_in"


def test_a_server_that_is_away_is_told() -> None:
    with closed_port() as settings:
        assert probe_server(settings, "x@nordvik.example").failed_at == "connect"


def test_a_certificate_of_somebody_else_is_a_fault_of_encryption() -> None:
    def connect(_settings: SmtpSettings) -> smtplib.SMTP:
        raise ssl.SSLCertVerificationError("certificate is not valid for this name")

    report = probe_server(SMTP, "x@nordvik.example", connect=connect)

    assert (report.failed_at, "not valid" in report.detail) == ("tls", True)


# The command


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(cli.doctor, list(arguments))


@pytest.fixture
def set_up(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application of a vendor that can send, in a world without network."""
    make_survey(session)
    session.commit()
    monkeypatch.setattr(cli, "NETWORK", network())
    return app


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_says_line_by_line_what_to_mend_and_fails(set_up: Flask) -> None:
    result = run(set_up)

    assert result.exit_code == 1
    assert " BAD  mail server: none is set, so mails stay queued" in result.output
    assert "      -> set PULSE_SMTP_HOST to your relay" in result.output
    assert "  ok  sender: tomasz@nordvik.example" in result.output


def test_the_command_gives_one_object_for_programs(set_up: Flask) -> None:
    result = run(set_up, "--json", "--dkim-selector", "s1")

    told = json.loads(result.output)
    assert told["health"] == "bad"
    assert {"name", "health", "found", "mend"} == set(told["checks"][0])
    assert "DKIM" in {check["name"] for check in told["checks"]}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_succeeds_where_nothing_is_bad(
    set_up: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "settings", sound_settings)

    result = run(set_up, "--dkim-selector", "s1")

    assert (result.exit_code, " BAD" in result.output) == (0, False)
