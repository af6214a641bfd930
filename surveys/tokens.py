"""Link tokens and keyed hashes of addresses.

A token is 128 bits of HMAC over what it opens, so it need not be stored to be mailed again; the
database keeps only its SHA-256, which is enough for random input. Raising the version of what it
opens kills every older link. Each purpose has tokens of its own: one kind never opens another's
page.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

TOKEN_BYTES = 16
TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{22}")

ANSWER = "answer"
PREFERENCES = "preferences"


def make_token(key: str, purpose: str, subject_id: int, version: int) -> str:
    """The 22 characters that open this subject for this purpose."""
    message = f"{purpose}/{subject_id}/{version}".encode()
    digest = hmac.digest(key.encode(), message, "sha256")[:TOKEN_BYTES]
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def hash_token(token: str) -> bytes:
    """What is stored of a token, and what it is found by; 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


def is_token(text: str) -> bool:
    """Whether a text has the form of a token; others are not worth a query."""
    return TOKEN_PATTERN.fullmatch(text) is not None


def identity_hash(key: str, normalised_email: str) -> bytes:
    """Keyed hash of a normalised address; 32 bytes, the same for ever under the same key."""
    return hmac.digest(key.encode(), b"identity/" + normalised_email.encode(), "sha256")


def sign(key: str, purpose: str, text: str) -> str:
    """22 characters that prove that we wrote this text for this purpose."""
    digest = hmac.digest(key.encode(), f"{purpose}/{text}".encode(), "sha256")[:TOKEN_BYTES]
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_signed(key: str, purpose: str, text: str, signature: str) -> bool:
    """Whether the signature belongs to this text; takes the same time for each wrong one."""
    return hmac.compare_digest(sign(key, purpose, text), signature)
