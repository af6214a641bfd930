"""Bounces for tests, made for one queued mail: reports, complaints, and what names them."""

from factories import SECRET

from surveys.bounces import BounceKeys
from surveys.mail.verp import bounce_address, envelope_id

MAILBOX = "bounces@pulse.example.com"
KEYS = BounceKeys(SECRET, SECRET)
_numbers = iter(range(1, 1_000_000))


def report(
    mail_id: int | None,
    recipient: str,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    text: str = "",
    **changes: str,
) -> bytes:
    """A report of RFC 3464 about one recipient; each has a Message-ID of its own.

    `changes` replace what names the mail: envelope_id, to, message_id, original.
    """
    named = {
        "envelope_id": envelope_id(SECRET, mail_id) if mail_id else "",
        "to": bounce_address(SECRET, mail_id, mailbox=MAILBOX) if mail_id else MAILBOX,
        "message_id": "",
        "original": "",
    } | changes
    lines = [
        "From: MAILER-DAEMON@mx.partner.example",
        f"To: {named['to']}",
        f"Message-ID: <{next(_numbers)}@mx.partner.example>",
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "The mail comes back.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.partner.example",
        *([f"Original-Envelope-Id: {named['envelope_id']}"] if named["envelope_id"] else []),
        "",
        *([f"Original-Recipient: rfc822; {named['original']}"] if named["original"] else []),
        f"Final-Recipient: rfc822; {recipient}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {status} {text or f'<{recipient}> is unhappy'}",
        "",
        "--b",
        "Content-Type: text/rfc822-headers",
        "",
        *([f"Message-ID: {named['message_id']}"] if named["message_id"] else ["Subject: Hello"]),
        "",
        "--b--",
        "",
    ]
    return "\n".join(lines).encode()


def complaint(mail_id: int) -> bytes:
    """A complaint of RFC 5965; the recipient's address is taken out, as many providers do."""
    return f"""From: feedback@provider.example
To: abuse@pulse.example.com
Message-ID: <{next(_numbers)}@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Original-Mail-From: <{bounce_address(SECRET, mail_id, mailbox=MAILBOX)}>
Original-Rcpt-To: redacted

--b--
""".encode()
