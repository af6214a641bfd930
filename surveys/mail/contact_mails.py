"""The mails of one person, the newest first. Which may be seen is decided in deliveries.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from surveys.mail.deliveries import Group, group_column, may_be_seen
from surveys.models import Invitation, OutgoingMail, Survey, Wave
from surveys.terms import MailKind

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class ContactMail:
    """One mail: what it was, of which wave, what became of it; `at`: when it left or is due."""

    mail_id: int
    kind: MailKind
    group: Group
    survey: str
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ContactMails:
    """One page of a person's mails, `number` from 1."""

    mails: Sequence[ContactMail]
    number: int
    n_found: int

    @property
    def n_pages(self) -> int:
        """At least one."""
        return max(1, -(-self.n_found // PAGE_SIZE))


def contact_mails(session: Session, contact_id: int, *, number: int) -> ContactMails:
    """One page of what may be seen; the last when there are not that many."""
    n_found = session.scalar(_of(select(func.count()), contact_id)) or 0
    number = min(max(1, number), max(1, -(-n_found // PAGE_SIZE)))
    columns = select(
        OutgoingMail.id,
        OutgoingMail.kind,
        group_column().label("mail_group"),
        Survey.name.label("survey"),
        Wave.label.label("label"),
        func.coalesce(OutgoingMail.sent_at, OutgoingMail.due_at).label("at"),
    )
    rows = session.execute(
        _of(columns, contact_id)
        .order_by(OutgoingMail.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    mails = [
        ContactMail(row.id, row.kind, Group(row.mail_group), row.survey, row.label, row.at)
        for row in rows
    ]
    return ContactMails(mails, number, n_found)


def _of(query: Select[*tuple[Any, ...]], contact_id: int) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(OutgoingMail)
        .join(Invitation, Invitation.id == OutgoingMail.invitation_id)
        .join(Wave, Wave.id == OutgoingMail.wave_id)
        .join(Survey, Survey.id == Wave.survey_id)
        .where(Invitation.contact_id == contact_id, may_be_seen())
    )
