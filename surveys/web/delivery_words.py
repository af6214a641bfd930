"""Mails and the suppression list in words, in the language of the page."""

from surveys.i18n import gettext
from surveys.mail.deliveries import Decision, Delivery, DeliveryStory, Group
from surveys.terms import MailKind, MailState, SuppressionReason


def kind_word(kind: MailKind) -> str:
    """The name of a message."""
    return {
        MailKind.INVITATION: gettext("Invitation"),
        MailKind.REMINDER_1: gettext("First reminder"),
        MailKind.REMINDER_LAST: gettext("Last reminder"),
        MailKind.THANKS: gettext("Thank-you"),
        MailKind.RESULTS: gettext("Results"),
        MailKind.STAFF_INVITATION: gettext("Invitation"),
        MailKind.STAFF_REMINDER: gettext("Reminder"),
        MailKind.PASSWORD_RESET: gettext("New password"),
        MailKind.TEST: gettext("Test"),
        MailKind.STAFF_DIGEST: gettext("Digest"),
    }[kind]


def group_word(group: Group) -> str:
    """What became of mails, as the name of a filter and of a tag."""
    return {
        Group.WAITING: gettext("Waiting"),
        Group.SENT: gettext("Sent"),
        Group.BOUNCED: gettext("Came back"),
        Group.REFUSED: gettext("Refused"),
        Group.UNCERTAIN: gettext("Uncertain"),
        Group.NOT_SENT: gettext("Not sent"),
    }[group]


def group_tint(group: Group) -> str:
    """The class of the tag."""
    if group is Group.SENT:
        return "t-pos"
    return "t-warn" if group in (Group.BOUNCED, Group.REFUSED, Group.UNCERTAIN) else ""


def meaning(delivery: Delivery) -> str:
    """What the state of a mail means, and what happens next."""
    if delivery.bounced_at is not None:
        return gettext("The receiving side sent it back, or refused the address for good.")
    return {
        MailState.QUEUED: gettext("It waits for its turn."),
        MailState.CLAIMED: gettext("It is being sent at this moment."),
        MailState.IN_DATA: gettext("Its text is being handed over at this moment."),
        MailState.SENT: gettext("The next server took it. Its reply below is the proof."),
        MailState.DEFERRED: gettext(
            "The receiving server asked to come back later. It is tried again until the wave"
            " closes, for four days at most."
        ),
        MailState.FAILED: gettext("The receiving server did not take it. Its reply says why."),
        MailState.SUPPRESSED: gettext(
            "Not sent: the person unsubscribed, or the address cannot be reached."
        ),
        MailState.CANCELLED: gettext("Withdrawn: the answer had come, or the wave had ended."),
        MailState.UNCERTAIN: gettext(
            "The line broke after the text had been handed over, before the server said that it"
            " took it. It may have arrived or not; nobody can tell."
        ),
    }[delivery.state]


def step_word(step: str | None) -> str:
    """How far the last attempt came."""
    return {
        "connect": gettext("No connection"),
        "mail": gettext("At the sender's address"),
        "rcpt": gettext("At the recipient's address"),
        "data": gettext("Before the text"),
        "text": gettext("Within the text"),
        "dot": gettext("After the text"),
    }.get(step or "", gettext("Not tried yet"))


def notice_word(kind: str) -> str:
    """What came back about a mail, or was decided."""
    return {
        "resend": gettext("Somebody of your team sent it once more"),
        "leave": gettext("Somebody of your team let it be"),
        "hard": gettext("Came back for good"),
        "soft": gettext("Came back for now"),
        "policy": gettext("Refused by a rule of the receiving side"),
        "complaint": gettext("Marked as unwanted by the recipient"),
        "delayed": gettext("Delayed on the way"),
        "opt_out": gettext("Asked by mail to get no more"),
    }.get(kind, kind)


def decided_text(decision: Decision) -> str:
    """What a decision has done."""
    if decision is Decision.RESEND:
        return gettext("The mail goes out once more within a minute.")
    return gettext("The mail stays as it is.")


def why_no_resend(story: DeliveryStory) -> str:
    """Why a mail in trouble cannot be sent once more."""
    return gettext("The wave takes no more answers, so nothing is sent any more.")


def reason_word(reason: SuppressionReason) -> str:
    """Why nothing is mailed to an address."""
    return {
        SuppressionReason.OPT_OUT: gettext("Unsubscribed"),
        SuppressionReason.HARD_BOUNCE: gettext("Cannot be reached"),
        SuppressionReason.COMPLAINT: gettext("Marked as unwanted"),
        SuppressionReason.ERASED: gettext("Erased"),
        SuppressionReason.MANUAL: gettext("By hand"),
    }[reason]


def source_word(source: str) -> str:
    """By whose word an address is on the list."""
    return {
        "page": gettext("on the person's own page"),
        "one_click": gettext("in the mail program"),
        "mail": gettext("by a mail to us"),
        "smtp": gettext("refused while sending"),
        "bounce": gettext("by a mail that came back"),
        "imap": gettext("by a mail that came back"),
        "webhook": gettext("by the mail provider"),
        "manual": gettext("by your team"),
        "import": gettext("by an imported file"),
    }.get(source, source)


def lift_warning(reason: SuppressionReason) -> str:
    """What to be sure of before mail goes to this address again."""
    if reason in (SuppressionReason.OPT_OUT, SuppressionReason.COMPLAINT):
        return gettext(
            "This person said that they want no mail. Lift this only if they asked you to, for"
            " example by phone or email. Your name stays with it."
        )
    if reason is SuppressionReason.HARD_BOUNCE:
        return gettext(
            "The receiving side said that this mailbox does not exist. Lift this only if you know"
            " that it works again: mails to dead addresses harm the delivery of all others."
        )
    return gettext("Somebody of your team stopped mail to this address. Your name stays with it.")
