"""Settings: a missing or weak one stops the start and is named."""

import subprocess
import sys
from pathlib import Path

import pytest

from surveys.config import Settings, read_settings, with_workspace
from surveys.errors import SettingsError

ROOT = Path(__file__).parent.parent
KEY = "kP3vX9qLm2Rt8Wz5Yb7Nc4Hd6Jf1Gs0A"
GOOD = {"PULSE_SECRET_KEY": KEY, "PULSE_BASE_URL": "https://pulse.example.com"}
MAIL = {"PULSE_SMTP_HOST": "mail.example.com"}


def refusal(**changes: str | None) -> SettingsError:
    """What is said about good settings with these changes; None takes one away."""
    given = {name: value for name, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(SettingsError) as caught:
        read_settings(given)
    return caught.value


def test_the_least_that_is_needed() -> None:
    settings = read_settings(GOOD)

    assert settings.environment == "production"
    assert settings.identity_key == settings.secret_key == KEY
    assert settings.database_url == f"sqlite:///{ROOT / 'instance' / 'pulse.db'}"
    assert settings.host == "pulse.example.com"
    assert settings.mail_domain == "pulse.example.com"
    assert settings.smtp is None
    assert settings.bounce_address is None
    assert settings.imap is None
    assert settings.bounce_secret is None
    assert not settings.is_demo


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PULSE_SECRET_KEY", None),
        ("PULSE_SECRET_KEY", ""),
        ("PULSE_SECRET_KEY", "   "),
        ("PULSE_SECRET_KEY", "short"),
        ("PULSE_SECRET_KEY", "a" * 64),
        ("PULSE_SECRET_KEY", "changeme" * 8),
        ("PULSE_IDENTITY_KEY", "short"),
        ("PULSE_BASE_URL", None),
        ("PULSE_BASE_URL", "pulse.example.com"),
        ("PULSE_BASE_URL", "http://pulse.example.com"),
        ("PULSE_BASE_URL", "ftp://pulse.example.com"),
        ("PULSE_BASE_URL", "https://"),
        ("PULSE_BASE_URL", "https://pulse.example.com/sub"),
        ("PULSE_BASE_URL", "https://pulse.example.com?x=1"),
        ("PULSE_BASE_URL", "https://user:pw@pulse.example.com"),
        ("PULSE_BASE_URL", "https://pulse.example.com:99999"),
        ("PULSE_BASE_URL", "https://[::1"),
        ("PULSE_ENV", "staging"),
        ("DATABASE_URL", "mysql://localhost/pulse"),
        ("DATABASE_URL", "postgresql:pulse"),
        ("PULSE_MAILS_PER_MINUTE", "0"),
        ("PULSE_MAILS_PER_MINUTE", "many"),
        ("PULSE_MAILS_PER_MINUTE", "-5"),
        ("PULSE_MAILS_PER_MINUTE", "١٠"),
        ("PULSE_LATE_LIMIT_HOURS", "1000"),
        ("PULSE_MAILS_PER_MINUTE_PER_DOMAIN", "0"),
        ("PULSE_BOUNCE_ADDRESS", "bounces"),
        ("PULSE_BOUNCE_ADDRESS", "bounces+x@pulse.example.com"),
        ("PULSE_BOUNCE_ADDRESS", "a-name-that-leaves-no-room-for-the-mark@pulse.example.com"),
        ("PULSE_BOUNCE_SECRET", "short"),
        ("PULSE_INSTANCE", __file__),
    ],
)
def test_a_missing_or_weak_setting_is_named(variable: str, value: str | None) -> None:
    error = refusal(**{variable: value})

    assert error.variable == variable
    assert str(error).startswith(f"{variable}: ")
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("variable", "changes"),
    [
        ("PULSE_SMTP_PORT", {"PULSE_SMTP_PORT": "0"}),
        ("PULSE_SMTP_PORT", {"PULSE_SMTP_PORT": "smtp"}),
        ("PULSE_SMTP_SECURITY", {"PULSE_SMTP_SECURITY": "ssl"}),
        ("PULSE_SMTP_PASSWORD", {"PULSE_SMTP_USERNAME": "pulse"}),
        (
            "PULSE_SMTP_SECURITY",
            {
                "PULSE_SMTP_USERNAME": "pulse",
                "PULSE_SMTP_PASSWORD": "secret",
                "PULSE_SMTP_SECURITY": "none",
            },
        ),
        ("PULSE_SMTP_HOST", {"PULSE_ENV": "demo"}),
    ],
)
def test_a_wrong_mail_server_is_named(variable: str, changes: dict[str, str]) -> None:
    assert refusal(**(MAIL | changes)).variable == variable


def test_no_refusal_repeats_a_secret() -> None:
    for changes in (
        {"PULSE_SECRET_KEY": "hunter2hunter2"},
        {"DATABASE_URL": "postgresql:pulse:hunter2@db/pulse"},
        {"DATABASE_URL": "mysql://pulse:hunter2@db/pulse"},
    ):
        assert "hunter2" not in str(refusal(**changes))


def test_a_mail_server_with_all_its_settings() -> None:
    settings = read_settings(
        GOOD
        | MAIL
        | {
            "PULSE_SMTP_PORT": "465",
            "PULSE_SMTP_SECURITY": "tls",
            "PULSE_SMTP_USERNAME": "pulse",
            "PULSE_SMTP_PASSWORD": " secret ",
            "PULSE_SMTP_HELO": "pulse.example.com",
        }
    )

    assert settings.smtp is not None
    assert (settings.smtp.port, settings.smtp.security) == (465, "tls")
    assert (settings.smtp.username, settings.smtp.password) == ("pulse", "secret")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://pulse:pw@db/pulse", "postgresql+psycopg://pulse:pw@db/pulse"),
        ("postgresql://pulse@/pulse?host=/run", "postgresql+psycopg://pulse@/pulse?host=/run"),
        ("postgresql+psycopg://db/pulse", "postgresql+psycopg://db/pulse"),
        ("sqlite:////srv/pulse.db", "sqlite:////srv/pulse.db"),
    ],
)
def test_usual_database_addresses_are_taken(given: str, expected: str) -> None:
    assert read_settings(GOOD | {"DATABASE_URL": given}).database_url == expected


@pytest.mark.parametrize(
    "variable", ["PULSE_SECRET_KEY", "PULSE_IDENTITY_KEY", "DATABASE_URL", "PULSE_BASE_URL"]
)
def test_every_setting_can_come_from_a_file(variable: str, tmp_path: Path) -> None:
    values = GOOD | {
        "PULSE_IDENTITY_KEY": KEY[::-1],
        "DATABASE_URL": "postgresql+psycopg://db/pulse",
    }
    path = tmp_path / "secret"
    path.write_text(values[variable] + "\n", encoding="utf-8")
    given = {name: value for name, value in values.items() if name != variable}

    from_file = read_settings(given | {f"{variable}_FILE": str(path)})
    beside_an_empty_one = read_settings(given | {variable: "", f"{variable}_FILE": str(path)})

    assert from_file == beside_an_empty_one == read_settings(values)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (tmp_path / "missing", tmp_path, binary):
        error = refusal(PULSE_SECRET_KEY=None, PULSE_SECRET_KEY_FILE=str(path))
        assert error.variable == "PULSE_SECRET_KEY_FILE"


def test_the_mail_password_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("secret\n", encoding="utf-8")
    given = GOOD | MAIL | {"PULSE_SMTP_USERNAME": "pulse", "PULSE_SMTP_PASSWORD_FILE": str(path)}

    smtp = read_settings(given).smtp

    assert smtp is not None
    assert smtp.password == "secret"


def test_a_command_by_hand_finds_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(
        f"PULSE_SECRET_KEY={KEY}\nPULSE_BASE_URL=http://localhost:8000\nPULSE_ENV=demo\n\n",
        encoding="utf-8",
    )
    by_hand = {"PULSE_INSTANCE": str(tmp_path)}

    assert read_settings(with_workspace(by_hand)).is_demo
    assert with_workspace(by_hand | {"PULSE_ENV": "test"})["PULSE_ENV"] == "test"
    configured = GOOD | by_hand
    assert with_workspace(configured) == configured
    assert with_workspace({"PULSE_INSTANCE": str(tmp_path / "none")}).keys() == {"PULSE_INSTANCE"}


def test_settings_cannot_be_changed_later() -> None:
    settings = read_settings(GOOD)

    with pytest.raises(AttributeError):
        settings.secret_key = "x"  # type: ignore[misc] # that is the point

    assert isinstance(settings, Settings)


def test_the_start_says_one_line_and_ends_with_status_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from app import cli; cli()", "routes"],
        cwd=ROOT,
        env={"PULSE_INSTANCE": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "pulse: PULSE_BASE_URL: is missing; set it, or name a file in PULSE_BASE_URL_FILE"
    ] or done.stderr.startswith("pulse: PULSE_SECRET_KEY: is missing")
    assert len(done.stderr.splitlines()) == 1


IMAP = {
    "PULSE_IMAP_HOST": "imap.example.com",
    "PULSE_IMAP_USERNAME": "bounces",
    "PULSE_IMAP_PASSWORD": "secret",
}


def test_the_bounce_mailbox_is_read_over_tls_unless_said_otherwise() -> None:
    usual = read_settings(GOOD | IMAP).imap
    upgraded = read_settings(GOOD | IMAP | {"PULSE_IMAP_SECURITY": "starttls"}).imap

    assert usual
    assert upgraded
    assert (usual.port, usual.security, usual.folder) == (993, "tls", "INBOX")
    assert (upgraded.port, upgraded.security) == (143, "starttls")
    assert (usual.host, usual.username, usual.password) == ("imap.example.com", "bounces", "secret")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PULSE_IMAP_USERNAME", ""),
        ("PULSE_IMAP_PASSWORD", ""),
        ("PULSE_IMAP_SECURITY", "ssl"),
        ("PULSE_IMAP_SECURITY", "none"),
        ("PULSE_IMAP_PORT", "0"),
    ],
)
def test_half_a_mailbox_is_named(variable: str, value: str) -> None:
    assert refusal(**(IMAP | {variable: value})).variable == variable
