"""Texts of mails in words: their names, placeholders, and why a text cannot be sent."""

from surveys.i18n import gettext
from surveys.mail.own_texts import MAX_BODY, MAX_SUBJECT, ProblemCode, TextProblem
from surveys.terms import MailKind, MailState


def kind_hint(kind: MailKind) -> str:
    """When a mail of this kind leaves, and to whom."""
    return {
        MailKind.INVITATION: gettext("To partners, when a wave opens"),
        MailKind.REMINDER_1: gettext("To partners who have not answered"),
        MailKind.REMINDER_LAST: gettext("To partners who have not answered, before the close"),
        MailKind.THANKS: gettext("To partners who have answered, if the schedule says so"),
        MailKind.RESULTS: gettext("To partners, when results are published"),
        MailKind.STAFF_INVITATION: gettext("To our team, when a wave opens"),
        MailKind.STAFF_REMINDER: gettext("To colleagues who have not answered"),
    }.get(kind, "")


def placeholder_word(name: str) -> str:
    """What stands in place of a placeholder."""
    return {
        "link": gettext("The button, with the first question in an invitation"),
        "promise": gettext("What is promised about confidentiality"),
        "closes_on": gettext("Last day of the survey"),
        "minutes": gettext("Minutes needed, a number"),
        "vendor": gettext("Your company’s name"),
        "survey": gettext("Name of the survey"),
        "first_name": gettext("First name; left out if it is not known"),
        "last_name": gettext("Last name; left out if it is not known"),
        "sender": gettext("Name of the sender"),
        "sender_email": gettext("Address for replies"),
        "unsubscribe": gettext("Address that stops these mails; it also stands at the foot"),
    }[name]


def problem_text(problem: TextProblem) -> str:
    """What is wrong, and what to do about it."""
    texts = {
        ProblemCode.SUBJECT_EMPTY: gettext("Write a subject."),
        ProblemCode.SUBJECT_TOO_LONG: gettext("Use at most %(most)s characters.", most=MAX_SUBJECT),
        ProblemCode.BODY_EMPTY: gettext("Write the text of the mail."),
        ProblemCode.BODY_TOO_LONG: gettext("Use at most %(most)s characters.", most=MAX_BODY),
        ProblemCode.UNKNOWN_PLACEHOLDER: gettext(
            "%(found)s cannot be filled in this mail. Choose one of the list, or leave it out.",
            found=problem.found,
        ),
        ProblemCode.LONE_BRACE: gettext(
            "There is a %(found)s on its own. Braces are for placeholders only.",
            found=problem.found,
        ),
        ProblemCode.NOT_IN_SUBJECT: gettext(
            "%(found)s belongs in the text, not in the subject.", found=problem.found
        ),
        ProblemCode.LINK_MISSING: gettext(
            "Nobody could open the survey from this mail: insert %(found)s.", found=problem.found
        ),
        ProblemCode.PROMISE_MISSING: gettext(
            "An invitation says what happens to the answers: insert %(found)s.",
            found=problem.found,
        ),
        ProblemCode.TWICE: gettext("Use %(found)s only once.", found=problem.found),
        ProblemCode.NOT_AT_LINE_END: gettext(
            "%(found)s is shown below its line: put it at the end of a line, or on one of its own.",
            found=problem.found,
        ),
        ProblemCode.NOT_ALONE: gettext(
            "%(found)s is a paragraph of its own: put it on a line by itself.",
            found=problem.found,
        ),
    }
    return texts[problem.code]


def test_state(state: MailState) -> str:
    """What became of a test."""
    return {
        MailState.SENT: gettext("Accepted by the mail server."),
        MailState.FAILED: gettext("Refused by the mail server."),
        MailState.SUPPRESSED: gettext("Not sent: this address is on the list that gets no mail."),
        MailState.UNCERTAIN: gettext("Perhaps delivered: the line broke before the reply."),
        MailState.CANCELLED: gettext("Withdrawn."),
    }.get(state, gettext("Waiting for its turn to leave."))


def link_text(opens: str) -> str:
    """Where a link of a test would lead in the real mail."""
    return {
        "answer": gettext(
            "In the real mail this link opens the survey with this answer chosen. It is stored only"
            " when the person sends it."
        ),
        "stop": gettext("In the real mail this link opens the page on which survey mails stop."),
    }.get(opens, gettext("In the real mail this link opens the reader’s own page."))
