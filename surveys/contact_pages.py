"""What the page of one contact shows: facts, where they were asked, what keeps mail from them.

Whether a person answered is told in identified surveys only. In the confidential modes it is told
of the whole company, on its own page (surveys/partner_pages.py), and of the vendor's own staff not
at all. Source: method of confidentiality, section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.models import Contact, Invitation, Partner, Survey, Wave
from surveys.suppression_list import ListedSuppression, entries_of
from surveys.terms import Audience, Mode

SHOWN_WAVES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedIn:
    """One wave in which the person was asked. The days are those of an identified survey."""

    survey: str
    label: str
    mode: Mode
    opens_at: datetime
    opened_on: date | None
    started_on: date | None
    answered_on: date | None

    @property
    def is_identified(self) -> bool:
        """Whether it was said before question 1 that answers carry a name."""
        return self.mode is Mode.IDENTIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPage:
    """One person. `company` is None for staff; `merged_into`: the row that stands for them now."""

    contact: Contact
    name: str
    company: Partner | None
    merged_into: Contact | None
    stops: Sequence[ListedSuppression]
    asked_in: Sequence[AskedIn]
    is_paused: bool

    @property
    def is_staff(self) -> bool:
        """Whether it is one of the vendor's own."""
        return self.contact.audience is Audience.INTERNAL

    @property
    def is_stopped_everywhere(self) -> bool:
        """Whether no survey at all may mail the person."""
        return any(stop.survey is None for stop in self.stops)


def contact_page(session: Session, contact: Contact, *, now: datetime) -> ContactPage:
    """Everything that the page of this person shows, but the mails."""
    until = contact.do_not_survey_until
    return ContactPage(
        contact=contact,
        name=full_name(contact),
        company=session.get(Partner, contact.partner_id) if contact.partner_id else None,
        merged_into=(
            session.get(Contact, contact.merged_into_id) if contact.merged_into_id else None
        ),
        stops=entries_of(session, contact.email_hash) if contact.email_hash else (),
        asked_in=_asked_in(session, contact.id),
        is_paused=until is not None and until > now.date(),
    )


def full_name(contact: Contact) -> str:
    """First and last name; the address where there is none."""
    name = " ".join(filter(None, (contact.first_name, contact.last_name)))
    return name or contact.email or ""


def _asked_in(session: Session, contact_id: int) -> list[AskedIn]:
    rows = session.execute(
        select(
            Survey.name,
            Wave.label,
            Wave.mode,
            Wave.opens_at,
            Invitation.opened_on,
            Invitation.started_on,
            Invitation.answered_on,
        )
        .select_from(Invitation)
        .join(Wave, Wave.id == Invitation.wave_id)
        .join(Survey, Survey.id == Wave.survey_id)
        .where(Invitation.contact_id == contact_id)
        .order_by(Wave.opens_at.desc(), Wave.id.desc())
        .limit(SHOWN_WAVES)
    )
    return [
        AskedIn(
            survey=row.name,
            label=row.label,
            mode=row.mode,
            opens_at=row.opens_at,
            opened_on=row.opened_on if row.mode is Mode.IDENTIFIED else None,
            started_on=row.started_on if row.mode is Mode.IDENTIFIED else None,
            answered_on=row.answered_on if row.mode is Mode.IDENTIFIED else None,
        )
        for row in rows
    ]
