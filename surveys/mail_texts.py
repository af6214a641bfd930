"""The texts of a survey's mails: list them, save one's own, send a test.

An own text stands until it is replaced; it holds for every mail that is composed after it was
saved, which happens when a sender takes up its next few mails (surveys/mail/sending.py). What has
left stays as it was. What may stand in a text is decided in surveys/mail/own_texts.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.errors import SurveyError
from surveys.invitations import LinkKeys, message_id
from surveys.mail.examples import lacking
from surveys.mail.own_texts import (
    SURVEY_KINDS,
    OwnText,
    TextProblem,
    problems,
    standard_text,
    tidied,
)
from surveys.models import MailTextRow, OutgoingMail, Survey, User
from surveys.terms import MailKind, MailState
from surveys.tokens import identity_hash

#: How many of a person's tests are looked through for the last one of a mail.
RECENT_TESTS = 50


class MailTextRefused(SurveyError):
    """A text cannot be sent as it is; attribute `problems` says why, field by field."""

    def __init__(self, found: Sequence[TextProblem]) -> None:
        super().__init__(", ".join(f"{each.field}: {each.code}" for each in found))
        self.problems = found


@dataclass(frozen=True, slots=True)
class MailTextLine:
    """One mail in one language; when and by whom its own text was written, if it has one."""

    kind: MailKind
    locale: str
    edited_at: datetime | None
    edited_by: str | None

    @property
    def is_own(self) -> bool:
        return self.edited_at is not None


@dataclass(frozen=True, slots=True)
class SentTest:
    """A test that somebody sent, and what became of it so far."""

    mail_id: int
    email: str | None
    state: MailState
    queued_at: datetime
    text: OwnText


def mail_text_lines(session: Session, survey: Survey) -> list[MailTextLine]:
    """Every mail of this survey in each of its languages, in the order in which they are sent."""
    rows = session.execute(
        select(MailTextRow.kind, MailTextRow.locale, MailTextRow.edited_at, User.name)
        .outerjoin(User, User.id == MailTextRow.edited_by_id)
        .where(MailTextRow.survey_id == survey.id)
    )
    own = {(row.kind, row.locale): (row.edited_at, row.name) for row in rows}
    return [
        MailTextLine(kind, locale, *own.get((kind, locale), (None, None)))
        for kind in SURVEY_KINDS
        for locale in survey.locales
    ]


def own_texts(session: Session, survey_id: int) -> Mapping[tuple[MailKind, str], OwnText]:
    """The survey's own texts by kind and language; every other mail has its standard text."""
    rows = session.execute(
        select(MailTextRow.kind, MailTextRow.locale, MailTextRow.subject, MailTextRow.body).where(
            MailTextRow.survey_id == survey_id
        )
    )
    return {(row.kind, row.locale): OwnText(row.subject, row.body) for row in rows}


def standard(survey: Survey, kind: MailKind, locale: str) -> OwnText:
    """The standard text of a mail as this survey sends it."""
    return standard_text(kind, locale, survey.mode, lacking=lacking(survey))


def checked(survey: Survey, kind: MailKind, *, subject: str, body: str) -> OwnText:
    """A text as it would be stored. Raises MailTextRefused where it cannot be sent."""
    text = tidied(subject, body)
    found = problems(text, kind, survey.mode)
    if found:
        raise MailTextRefused(found)
    return text


def save_mail_text(
    session: Session,
    survey: Survey,
    kind: MailKind,
    locale: str,
    text: OwnText,
    *,
    now: datetime,
    user_id: int,
) -> bool:
    """Store a checked text; whether it is an own one.

    The standard text is not stored: a survey that has none of its own gets every better wording
    that a release brings.
    """
    if text == standard(survey, kind, locale):
        session.execute(
            delete(MailTextRow).where(
                MailTextRow.survey_id == survey.id,
                MailTextRow.kind == kind,
                MailTextRow.locale == locale,
            )
        )
        return False
    session.merge(
        MailTextRow(
            survey_id=survey.id,
            kind=kind,
            locale=locale,
            subject=text.subject,
            body=text.body,
            edited_at=now,
            edited_by_id=user_id,
        )
    )
    session.flush()
    return True


def queue_test(
    session: Session,
    survey: Survey,
    kind: MailKind,
    locale: str,
    text: OwnText,
    *,
    user_id: int,
    email: str,
    keys: LinkKeys,
    identity_key: str,
    now: datetime,
) -> int:
    """Queue a letter with example values to one address, in a checked text; the mail's id.

    It takes the way of every mail: the outbox, its caps, and the list of addresses that get none.
    """
    mail = OutgoingMail(
        message_id=message_id(keys, None, user_id),
        kind=MailKind.TEST,
        user_id=user_id,
        locale=locale,
        email=email,
        email_hash=identity_hash(identity_key, email),
        values={"survey_id": survey.id, "kind": kind.value, **asdict(text)},
        state=MailState.QUEUED,
        due_at=now,
    )
    session.add(mail)
    session.flush()
    return mail.id


def last_test(
    session: Session, survey: Survey, kind: MailKind, locale: str, *, user_id: int
) -> SentTest | None:
    """The newest test that this person sent of this mail in this language."""
    rows = session.scalars(
        select(OutgoingMail)
        .where(OutgoingMail.user_id == user_id, OutgoingMail.kind == MailKind.TEST)
        .order_by(OutgoingMail.id.desc())
        .limit(RECENT_TESTS)
    )
    for mail in rows:
        values = mail.values or {}
        wanted = (survey.id, kind.value, locale)
        if (values.get("survey_id"), values.get("kind"), mail.locale) == wanted:
            text = OwnText(values["subject"], values["body"])
            return SentTest(mail.id, mail.email, mail.state, mail.due_at, text)
    return None
