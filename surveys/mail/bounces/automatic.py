"""Mails that a machine sent and that are no bounce: absence, confirmation, challenge.

They change nothing and are never answered (RFC 3834). The words are of Polish and English mails.
"""

from email.message import Message
from email.utils import parseaddr

from surveys.mail.bounces.parts import any_of, header
from surveys.mail.bounces.verdicts import Ignored

_DAEMON = any_of(
    r"mailer[._-]?daemon(?:\+\S*)?",
    r"mail[._-]daemon",
    r"mdaemon",
    r"postmaster",
    r"mail[._-]?delivery[\w.-]*",
)
_FAILURE = any_of(
    r"undeliver",
    r"not delivered",
    r"could not (?:be delivered|send)",
    r"delivery (?:status|fail|notif|incompl)",
    r"failure notice",
    r"fail(?:ed|ure)\b.{0,20}\bdeliver",
    r"returned? (?:mail|to sender)",
    r"mail delivery (?:fail|error|problem|sub)",
    r"nie(?: została| zostala)? (?:dostarczon|doręczon)",
    r"niedostarcz|niedoręcz",
    r"zwrot (?:wiadomości|poczty)",
    r"nie można dostarczyć",
    r"(?:błąd|problem)\S* (?:z )?(?:dostarcz|doręcz)",
)
_ABSENCE = any_of(
    r"out of (?:the )?office",
    r"automatic reply",
    r"auto[- ]?repl",
    r"autoresponder",
    r"on (?:holiday|vacation|leave)\b",
    r"away from (?:my|the) (?:desk|office)",
    r"autoodpowied",
    r"odpowiedź automatyczna",
    r"automatyczna odpowiedź",
    r"nieobecn",
    r"poza biurem",
    r"na urlopie|urlop\b",
)
_CHALLENGE = any_of(
    r"(?:confirm|verify)\b.{0,40}\byou(?:'re| are) (?:a )?(?:human|person)",
    r"(?:confirm|verify)\b.{0,40}\byour (?:message|e?-?mail)",
    r"your (?:message|e?-?mail) (?:is|has been) (?:held|waiting|quarantined)",
    r"sender verification",
    r"potwierdź.{0,40}(?:wysłanie|wiadomoś|nadanie|że nie jesteś)",
    r"wymaga potwierdzenia nadawcy",
)
_CHALLENGE_HEADERS = ("X-Challenge", "X-TMDA-Confirm", "X-Boxtrapper", "X-ASK-Auth")
_REPLY_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "X-Mail-Autoreply")
_REPLY_PRECEDENCE = ("auto_reply", "auto-reply")


def is_from_daemon(message: Message) -> bool:
    """Whether a mail server wrote this, by the sender's name or by an empty return path.

    An empty return path alone is also what replies of machines have; then the subject decides.
    """
    sender = parseaddr(header(message, "From"))[1].partition("@")[0]
    if _DAEMON.fullmatch(sender):
        return True
    return header(message, "Return-Path") == "<>" and tells_of_return(header(message, "Subject"))


def tells_of_return(subject: str) -> bool:
    """Whether a subject is one that mail servers give to what they return."""
    return _FAILURE.search(subject) is not None


def absence_or_challenge(message: Message) -> Ignored | None:
    """An absence or a challenge, where the subject or a header of its own says so."""
    subject = header(message, "Subject")
    if any(name in message for name in _CHALLENGE_HEADERS) or _CHALLENGE.search(subject):
        return Ignored.CHALLENGE
    return Ignored.OUT_OF_OFFICE if _ABSENCE.search(subject) else None


def automatic_reply(message: Message, text: str) -> Ignored | None:
    """What a machine sent of its own accord, as RFC 3834 and older customs mark it."""
    marked = header(message, "Auto-Submitted").lower().partition(";")[0].strip() not in ("", "no")
    custom = any(name in message for name in _REPLY_HEADERS)
    if not marked and not custom and header(message, "Precedence").lower() not in _REPLY_PRECEDENCE:
        return None
    if _CHALLENGE.search(text):
        return Ignored.CHALLENGE
    return Ignored.OUT_OF_OFFICE if _ABSENCE.search(text) else Ignored.AUTO_REPLY
