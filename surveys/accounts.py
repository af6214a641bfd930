"""People who sign in: adding them, their passwords, and the reset link.

Passwords are hashed by Argon2id with 19 MiB, two passes, one lane (OWASP's second recommendation):
a sign-in costs about a tenth of a second, and a flood of them does not take the machine.
"""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveys.email_addresses import normalise_email
from surveys.errors import FieldError, NotFound
from surveys.models import User
from surveys.terms import Role
from surveys.tokens import is_signed, sign

MIN_PASSWORD_LENGTH = 12
RESET_MINUTES = 30
RESET = "reset"

#: Passwords of twelve and more characters that every list of leaked ones begins with.
COMMON_PASSWORDS_FILE = Path(__file__).with_name("common_passwords.txt")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _common_passwords() -> frozenset[str]:
    return frozenset(COMMON_PASSWORDS_FILE.read_text(encoding="utf-8").split())


@cache
def _decoy() -> str:
    # An unknown address must cost as much time as a wrong password.
    return _hasher().hash("nobody has this password")


def add_user(
    session: Session,
    *,
    email: str,
    name: str,
    role: Role,
    locale: str = "en",
    password: str | None = None,
) -> User:
    """Add a person; without a password they sign in after a reset.

    Raises FieldError for `email` (not an address, taken) or `password` (too short, too common).
    """
    address = normalise_email(email)
    if address is None:
        raise FieldError("email", "not_an_address")
    if session.scalar(select(User.id).where(User.email == address)) is not None:
        raise FieldError("email", "taken")
    user = User(email=address, name=name.strip() or address, role=role, locale=locale)
    if password is not None:
        user.password_hash = hash_password(password)
    session.add(user)
    session.flush()
    return user


def hash_password(password: str) -> str:
    """Hash a new password. Raises FieldError for `password` when too short or too common."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise FieldError("password", "too_short")
    if password.casefold() in _common_passwords():
        raise FieldError("password", "too_common")
    return _hasher().hash(password)


def user_with_password(session: Session, *, email: str, password: str) -> User | None:
    """The active user with this address and password, or None; the same time for every None."""
    address = normalise_email(email)
    user = session.scalar(select(User).where(User.email == address)) if address else None
    is_known = user is not None and user.password_hash is not None and user.disabled_at is None
    stored = user.password_hash if is_known and user and user.password_hash else _decoy()
    try:
        _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return None
    return user if is_known else None


def user_by_email(session: Session, email: str) -> User:
    """The user with this address. Raises NotFound."""
    address = normalise_email(email)
    user = session.scalar(select(User).where(User.email == address)) if address else None
    if user is None:
        raise NotFound("user", email)
    return user


def set_password(session: Session, user: User, password: str) -> None:
    """Change a password; every session and every reset link of the user ends."""
    user.password_hash = hash_password(password)
    end_sessions(session, user)


def disable_user(session: Session, user: User, *, now: datetime) -> None:
    """Refuse this user from now on; what they did keeps their name."""
    user.disabled_at = now
    end_sessions(session, user)


def end_sessions(session: Session, user: User) -> None:
    """Make every signed cookie of the user worthless."""
    session.flush()
    session.execute(
        update(User).where(User.id == user.id).values(session_version=User.session_version + 1)
    )
    session.refresh(user)


def reset_token(key: str, user: User, *, now: datetime) -> str:
    """A link token that sets a new password: for 30 minutes, once, dead after any change.

    It signs the present password hash and session version, so it need not be stored.
    """
    expires = int((now + timedelta(minutes=RESET_MINUTES)).timestamp())
    return f"{user.id}.{expires}.{sign(key, RESET, _reset_subject(user, expires))}"


def user_for_reset(session: Session, key: str, token: str, *, now: datetime) -> User | None:
    """The user whose password this token may set now, or None."""
    parts = token.split(".")
    if len(parts) != 3 or not (parts[0] + parts[1]).isascii() or not parts[0].isdigit():
        return None
    if not parts[1].isdigit() or len(parts[1]) > 12 or int(parts[1]) < now.timestamp():
        return None
    user = session.get(User, int(parts[0])) if len(parts[0]) < 10 else None
    if user is None or user.disabled_at is not None:
        return None
    is_ours = is_signed(key, RESET, _reset_subject(user, int(parts[1])), parts[2])
    return user if is_ours else None


def _reset_subject(user: User, expires: int) -> str:
    return f"{user.id}/{expires}/{user.session_version}/{user.password_hash}"
