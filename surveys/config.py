"""Settings of one process: read once from the environment, frozen, refused at start when wrong.

Each variable can also be given as `<NAME>_FILE`, a file that holds the value (for secrets). What
people change on a page (vendor name, sender) is not here but in the `settings` table
(surveys/workspace.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from surveys.errors import SettingsError

MIN_SECRET_LENGTH = 32
ENVIRONMENTS = ("production", "demo", "test")
SMTP_SECURITY = ("none", "starttls", "tls")
#: What large providers take of a sender that they hardly know.
MAILS_PER_DOMAIN = 100
#: With its mark, 64 characters are left for a local part (RFC 5321, 4.5.3.1.1).
BOUNCE_ADDRESS = re.compile(r"[A-Za-z0-9._-]{1,20}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
ROOT = Path(__file__).resolve().parent.parent


WORKSPACE_FILE = "settings.env"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The mail server that mails leave through. `security`: none, starttls or tls."""

    host: str
    port: int
    security: str
    username: str | None
    password: str | None
    helo_name: str


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """The mailbox that bounces come to. `security`: none, starttls or tls."""

    host: str
    port: int
    security: str
    username: str
    password: str
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator decides; see docs/operate.md for one line on each variable."""

    environment: str
    secret_key: str
    identity_key: str
    database_url: str
    base_url: str
    instance: Path
    smtp: SmtpSettings | None
    mails_per_minute: int
    late_limit_hours: int
    mails_per_minute_per_domain: int = MAILS_PER_DOMAIN
    bounce_address: str | None = None
    imap: ImapSettings | None = None
    bounce_secret: str | None = None

    @property
    def is_demo(self) -> bool:
        """A demo workspace mails to a catcher on loopback only, and says so in the footer."""
        return self.environment == "demo"

    @property
    def host(self) -> str:
        """The only host name (with port) that requests may ask for."""
        return urlsplit(self.base_url).netloc

    @property
    def mail_domain(self) -> str:
        """The domain of Message-IDs: stable, and never taken from a request."""
        return urlsplit(self.base_url).hostname or "localhost"


def with_workspace(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, over what `python3 dev.py up` wrote down for its workspace.

    So `pulse ...` typed by hand finds the running demo without any setting. A process that names
    its secret key is configured by its operator: nothing is added to its settings.
    """
    if "PULSE_SECRET_KEY" in environ or "PULSE_SECRET_KEY_FILE" in environ:
        return dict(environ)
    path = Path(environ.get("PULSE_INSTANCE", ROOT / "instance")) / WORKSPACE_FILE
    if not path.is_file():
        return dict(environ)
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: value for name, sign, value in pairs if sign} | dict(environ)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check every setting.

    Raises SettingsError naming the variable and the mend.
    """
    reader = _Reader(environ)
    environment = reader.choice("PULSE_ENV", ENVIRONMENTS, default="production")
    instance = _instance(reader)
    secret_key = reader.secret("PULSE_SECRET_KEY")
    return Settings(
        environment=environment,
        secret_key=secret_key,
        identity_key=reader.secret("PULSE_IDENTITY_KEY", default=secret_key),
        database_url=_database_url(reader.text("DATABASE_URL", default=""), instance),
        base_url=_base_url(reader, environment),
        instance=instance,
        smtp=_smtp(reader, environment),
        mails_per_minute=reader.number("PULSE_MAILS_PER_MINUTE", default=600, low=1, high=100_000),
        late_limit_hours=reader.number("PULSE_LATE_LIMIT_HOURS", default=12, low=1, high=720),
        mails_per_minute_per_domain=reader.number(
            "PULSE_MAILS_PER_MINUTE_PER_DOMAIN", default=MAILS_PER_DOMAIN, low=1, high=100_000
        ),
        bounce_address=_bounce_address(reader),
        imap=_imap(reader, environment),
        bounce_secret=_bounce_secret(reader),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    environ: Mapping[str, str]

    def text(self, name: str, *, default: str | None = None) -> str:
        value = self.environ.get(name, "").strip()
        if not value and (path := self.environ.get(f"{name}_FILE")):
            value = self._file(name, path).strip()
        if value:
            return value
        if default is None:
            raise SettingsError(name, "is missing; set it, or name a file in " + name + "_FILE")
        return default

    def _file(self, name: str, path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{name}_FILE", f"cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{name}_FILE", "cannot be read: it is not UTF-8 text") from error

    def choice(self, name: str, choices: tuple[str, ...], *, default: str) -> str:
        value = self.text(name, default=default)
        if value not in choices:
            raise SettingsError(name, f"is '{value}'; use one of {', '.join(choices)}")
        return value

    def number(self, name: str, *, default: int, low: int, high: int) -> int:
        value = self.text(name, default=str(default))
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise SettingsError(name, f"is '{value}'; use a whole number from {low} to {high}")
        return int(value)

    def secret(self, name: str, *, default: str | None = None) -> str:
        value = self.text(name, default=default)
        if len(value) < MIN_SECRET_LENGTH or len(set(value)) < MIN_SECRET_LENGTH // 4:
            raise SettingsError(
                name,
                f"is too weak; use at least {MIN_SECRET_LENGTH} random characters, for example from"
                ' python3 -c "import secrets; print(secrets.token_urlsafe(32))"',
            )
        return value


def _instance(reader: _Reader) -> Path:
    path = Path(reader.text("PULSE_INSTANCE", default=str(ROOT / "instance")))
    if path.exists() and not path.is_dir():
        raise SettingsError("PULSE_INSTANCE", f"is '{path}', which is a file; name a folder")
    return path


def _database_url(value: str, instance: Path) -> str:
    if not value:
        return f"sqlite:///{instance / 'pulse.db'}"
    scheme, slashes, rest = value.partition("://")
    if scheme in ("postgres", "postgresql") and slashes:
        return f"postgresql+psycopg://{rest}"
    if scheme not in ("sqlite", "postgresql+psycopg") or not slashes:
        # Never the whole value: it may hold a password.
        raise SettingsError(
            "DATABASE_URL",
            f"starts with '{value.partition(':')[0]}'; use a form like"
            " sqlite:////path/pulse.db or postgresql://user:password@host/name",
        )
    return value


def _base_url(reader: _Reader, environment: str) -> str:
    name = "PULSE_BASE_URL"
    value = reader.text(name).rstrip("/")
    try:
        parts = urlsplit(value)
        is_plain = not (parts.path or parts.query or parts.fragment or parts.username)
        is_usable = bool(parts.hostname) and is_plain and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or parts.scheme not in ("http", "https"):
        raise SettingsError(name, f"is '{value}'; use a form like https://pulse.example.com")
    if environment == "production" and parts.scheme != "https":
        raise SettingsError(name, "must start with https:// in production")
    return value


def _bounce_address(reader: _Reader) -> str | None:
    value = reader.text("PULSE_BOUNCE_ADDRESS", default="")
    if value and not BOUNCE_ADDRESS.fullmatch(value):
        raise SettingsError(
            "PULSE_BOUNCE_ADDRESS", f"is '{value}'; use a form like bounces@pulse.example.com"
        )
    return value or None


def _smtp(reader: _Reader, environment: str) -> SmtpSettings | None:
    host = reader.text("PULSE_SMTP_HOST", default="")
    if not host:
        return None
    if environment == "demo" and host not in ("localhost", "127.0.0.1", "::1"):
        # Tokens and passwords of a demo come from its seed: its mails must not leave the machine.
        raise SettingsError("PULSE_SMTP_HOST", "must be this machine in a demo workspace")
    security = reader.choice("PULSE_SMTP_SECURITY", SMTP_SECURITY, default="starttls")
    username = reader.text("PULSE_SMTP_USERNAME", default="")
    if username and security == "none" and environment == "production":
        raise SettingsError("PULSE_SMTP_SECURITY", "is 'none': the password would travel in clear")
    return SmtpSettings(
        host=host,
        port=reader.number("PULSE_SMTP_PORT", default=587, low=1, high=65535),
        security=security,
        username=username or None,
        password=reader.text("PULSE_SMTP_PASSWORD") if username else None,
        helo_name=reader.text("PULSE_SMTP_HELO", default="localhost"),
    )


def _imap(reader: _Reader, environment: str) -> ImapSettings | None:
    host = reader.text("PULSE_IMAP_HOST", default="")
    if not host:
        return None
    security = reader.choice("PULSE_IMAP_SECURITY", SMTP_SECURITY, default="tls")
    if security == "none" and environment == "production":
        raise SettingsError("PULSE_IMAP_SECURITY", "is 'none': the password would travel in clear")
    usual = 993 if security == "tls" else 143
    return ImapSettings(
        host=host,
        port=reader.number("PULSE_IMAP_PORT", default=usual, low=1, high=65535),
        security=security,
        username=reader.text("PULSE_IMAP_USERNAME"),
        password=reader.text("PULSE_IMAP_PASSWORD"),
        folder=reader.text("PULSE_IMAP_FOLDER", default="INBOX"),
    )


def _bounce_secret(reader: _Reader) -> str | None:
    name = "PULSE_BOUNCE_SECRET"
    return reader.secret(name) if reader.text(name, default="") else None
