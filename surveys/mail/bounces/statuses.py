"""From what a server said to what it means: hard, soft or policy.

An address is given up (hard) only when everything that is said agrees that it does not exist. A
refusal for spam, reputation, authentication or another rule is about the sender and never about the
address. All the rest is soft. Sources: RFC 3463 (enhanced status), RFC 5321 4.2 (replies).
"""

import re

from surveys.mail.bounces.parts import any_of
from surveys.mail.bounces.verdicts import BounceKind

#: Subjects above 7 do not exist; an IP address or a version number is not taken for a status.
_ENHANCED = re.compile(r"(?<![\w.])([45])\.([0-7])\.(\d{1,3})(?!\.?\w)")
_REPLY = re.compile(r"(?<![\w.])([45])[0-5]\d(?=[\s:,;#-]|$)")
_ADDRESS = re.compile(r"[^\s@]{1,64}@\S{1,255}")
#: RFC 3463: bad sender's mailbox address syntax, bad sender's system address.
_ABOUT_SENDER = ("5.1.7", "5.1.8")
_MAILBOX = "2"
_SECURITY = "7"
_ROUTING = "5.4.4"
TRANSACTION_FAILED = "554"


_POLICY = any_of(
    r"\bspam",
    r"(?<!mailbox )(?<!account )\bblocked\b",
    r"\bblock ?list",
    r"\bblack ?list",
    r"\b(?:rbl|dnsbl|spamhaus|spamcop|dmarc|spf|dkim)\b",
    r"\breputation\b",
    r"\bunsolicited\b",
    r"\bpolicy (?:reasons?|violation|restrictions?)",
    r"(?:against|violates?|local|security) (?:\w+ )?policy",
    r"content (?:rejected|filter)",
    r"rate ?limit",
    r"\bvirus\b",
    r"sender (?:address )?(?:denied|rejected|blocked|verify failed)",
    r"polityk[aię] (?:bezpieczeństwa|serwera)",
    r"(?:adres|serwer|nadawca)\S* (?:\S+ ){0,3}zablokowan",
    r"czarn(?:ą|a|ej) list",
)
_SOFT = any_of(
    r"try (?:again|later)",
    r"temporar",
    r"tymczasow",
    r"quota",
    r"mailbox (?:is )?full",
    r"storage (?:limit|space)",
    r"(?:pełn|przepełnion)[aye]",
    r"przekroczon\w+ (?:\w+ )?(?:limit|pojemno)",
    r"\b(?:disabled|inactive|suspended)\b",
    r"nieaktywn",
    r"too (?:large|big|many)",
)
_UNKNOWN = any_of(
    r"user unknown",
    r"unknown (?:user|recipient|mailbox|address|local[ -]part|host|domain)",
    r"no such (?:user|mailbox|recipient|address|account|person|domain)",
    r"no mailbox here",
    r"(?:user|account|mailbox|recipient|address|addressee|domain(?: name)?|host) (?:was |is )?"
    r"(?:not found|unknown|does(?: not|n't) exist|unavailable|invalid)",
    r"(?:account|address|mailbox|user|domain)\b[^.;]{0,60}\bdo(?:es)?(?: not|n't) exist",
    r"invalid (?:recipient|mailbox|address|user)",
    r"not a valid (?:recipient|mailbox|address|user)",
    r"nxdomain",
    r"nieznan[yae] (?:użytkownik|adresat|odbiorca|adres|skrzynka)",
    r"(?:użytkownik|adres|adresat|odbiorca|konto|skrzynka|domena)\b[^.;]{0,60}\bnie istnieje",
    r"nie ma takie(?:go|j) (?:użytkownika|adresu|adresata|konta|skrzynki|odbiorcy)",
    r"brak (?:takiego |takiej )?(?:użytkownika|odbiorcy|adresata|skrzynki)",
)
_NO_DOMAIN = any_of(r"nxdomain", r"(?:host|domain)(?: or domain)?(?: name)? (?:not found|unknown)")


def kind_of_failure(status: str | None, diagnostic: str) -> BounceKind:
    """What a failed delivery means: HARD, SOFT or POLICY.

    `status` is the field of the report, `diagnostic` the server's words, which may hold a status of
    their own. HARD needs a permanent 5.1.x, or without any telling status the plain words for it,
    and nothing that says otherwise.
    """
    said = _ADDRESS.sub(" ", diagnostic)
    statuses = {each for each in (status, enhanced_status(said)) if each and _tells(each)}
    kinds = {_kind_of_status(each, said) for each in statuses}
    if BounceKind.POLICY in kinds:
        return BounceKind.POLICY
    if any(each.split(".")[1] == _MAILBOX for each in statuses):
        return BounceKind.SOFT
    if _POLICY.search(said):
        return BounceKind.POLICY
    if kinds:
        return BounceKind.HARD if kinds == {BounceKind.HARD} else BounceKind.SOFT
    if _says_unknown(status, said):
        return BounceKind.HARD
    return BounceKind.POLICY if _fails_without_reason(said) else BounceKind.SOFT


def enhanced_status(text: str) -> str | None:
    """The first status of a failure (RFC 3463) in a text, such as 5.1.1."""
    found = _ENHANCED.search(text)
    return found[0] if found else None


def tells_of_failure(text: str) -> bool:
    """Whether a text without fields speaks of a delivery: a status, a reply, or the usual words."""
    said = _ADDRESS.sub(" ", text)
    patterns = (_ENHANCED, _REPLY, _UNKNOWN, _SOFT, _POLICY)
    return any(pattern.search(said) for pattern in patterns)


def _tells(status: str) -> bool:
    """Whether a status says more than 'failed' (RFC 3463, 3.1: x.0.0)."""
    return enhanced_status(status) == status and not status.endswith(".0.0")


def _kind_of_status(status: str, said: str) -> BounceKind:
    severity, subject, _ = status.split(".")
    if subject == _SECURITY or status in _ABOUT_SENDER:
        return BounceKind.POLICY
    if severity == "5" and subject == "1":
        return BounceKind.HARD
    # Postfix reports a domain that does not exist as a fault of routing.
    if status == _ROUTING and _NO_DOMAIN.search(said) and not _SOFT.search(said):
        return BounceKind.HARD
    return BounceKind.SOFT


def _fails_without_reason(said: str) -> bool:
    """RFC 5321: 554, "transaction failed", is what many servers say of mails they do not want."""
    reply = _REPLY.search(said)
    return reply is not None and reply[0] == TRANSACTION_FAILED and not _SOFT.search(said)


def _says_unknown(status: str | None, said: str) -> bool:
    reply = _REPLY.search(said)
    severities = {each[0] for each in (status, reply[0] if reply else None) if each}
    return severities <= {"5"} and not _SOFT.search(said) and bool(_UNKNOWN.search(said))
