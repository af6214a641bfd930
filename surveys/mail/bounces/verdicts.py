"""What reading a message from the bounce mailbox gives: one frozen value, and its words."""

from dataclasses import dataclass
from enum import StrEnum


class BounceKind(StrEnum):
    """What became of a mail.

    HARD: the address does not exist. SOFT: it took nothing this time. POLICY: the server refuses
    us, whoever the recipient. DELAYED: still on its way. COMPLAINT: the recipient called it spam.
    NONE: the message is about no delivery.
    """

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    NONE = "none"


class Ignored(StrEnum):
    """Why a message is of no consequence."""

    OUT_OF_OFFICE = "out_of_office"
    AUTO_REPLY = "auto_reply"
    CHALLENGE = "challenge"
    RECEIPT = "receipt"
    DELIVERED = "delivered"
    OTHER = "other"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What is said about one recipient; `original` is whom the mail was sent to at first.

    `status` is an enhanced status (RFC 3463) and `diagnostic` one line of the server's words; both
    may be missing, as may the addresses.
    """

    kind: BounceKind
    address: str | None = None
    original: str | None = None
    status: str | None = None
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class MatchingKeys:
    """What may name the mail that came back, most trusted first; none of it is checked here."""

    envelope_ids: tuple[str, ...] = ()
    return_addresses: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounce:
    """One message from the bounce mailbox, read.

    `kind` is the gravest of its reports; `ignored` is set exactly when the kind is NONE. `digest`
    is the SHA-256 of the message without the lines that a mailbox adds (32 bytes).
    """

    kind: BounceKind
    keys: MatchingKeys
    digest: bytes
    reports: tuple[RecipientReport, ...] = ()
    ignored: Ignored | None = None


#: From grave to harmless; POLICY before SOFT, since it is about us and not about the recipient.
GRAVITY = (
    BounceKind.COMPLAINT,
    BounceKind.HARD,
    BounceKind.POLICY,
    BounceKind.SOFT,
    BounceKind.DELAYED,
)


def gravest(kinds: set[BounceKind]) -> BounceKind:
    """The kind that counts when a message says several."""
    return next((kind for kind in GRAVITY if kind in kinds), BounceKind.NONE)
