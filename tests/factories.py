"""Valid things with little said: each function states only what a test is about."""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.accounts import add_user
from surveys.config import Settings
from surveys.email_addresses import normalise_email
from surveys.invitations import LinkKeys, answer_token
from surveys.models import Contact, Invitation, Partner, Schedule, Survey, User, Wave
from surveys.question_bank import load_bank
from surveys.questionnaires import (
    create_survey,
    draft_from_template,
    install_bank,
    publish_version,
)
from surveys.recurrence import Frequency
from surveys.schedules import Reminders, ScheduleWish, save_schedule
from surveys.search_keys import search_key
from surveys.terms import Audience, Mode, Role
from surveys.tokens import PREFERENCES, hash_token, identity_hash, make_token
from surveys.waves import Run, open_run
from surveys.workspace import Workspace, save_workspace

SECRET = "a secret of the tests, long enough to pass"
MONDAY = datetime(2027, 2, 8, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_numbers = count(1)

NORDVIK = Workspace(
    vendor="Nordvik",
    sender_name="Tomasz Wróbel",
    sender_email="tomasz@nordvik.example",
    reply_to="partners@nordvik.example",
    postal_address="ul. Przykładowa 12, 00-001 Warszawa",
)


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, instant: datetime = MONDAY) -> None:
        self.instant = instant

    def __call__(self) -> datetime:
        return self.instant

    def move(self, **delta: float) -> datetime:
        """Go forward, for example `move(days=2)`."""
        self.instant += timedelta(**delta)
        return self.instant


def make_settings(url: str, instance: Path, **values: Any) -> Settings:
    """Settings of a test application."""
    given: dict[str, Any] = {
        "environment": "test",
        "secret_key": SECRET,
        "identity_key": SECRET,
        "database_url": url,
        "base_url": "http://localhost",
        "instance": instance,
        "smtp": None,
        "mails_per_minute": 100_000,
        "mails_per_minute_per_domain": 100_000,
        "late_limit_hours": 12,
    }
    return Settings(**(given | values))


def make_user(session: Session, email: str = "alicja@nordvik.example", **values: Any) -> User:
    """A person who may sign in; Alicja is an administrator."""
    given = {"name": "Alicja Nowak", "role": Role.ADMIN, "password": PASSWORD} | values
    return add_user(session, email=email, **given)


def make_partner(session: Session, name: str | None = None, **values: Any) -> Partner:
    """A partner company."""
    number = next(_numbers)
    given = {"type": "reseller", "tier": "gold", "region": "north"} | values
    partner = Partner(
        name=name or f"Partner {number}",
        search_key=search_key(name or f"Partner {number}"),
        external_id=f"P-{number}",
        **given,
    )
    session.add(partner)
    session.flush()
    return partner


def make_contact(session: Session, partner: Partner | None, **values: Any) -> Contact:
    """Somebody at a partner, or with None one of the vendor's own staff."""
    number = next(_numbers)
    email = values.pop("email", f"person{number}@partner.example")
    key = normalise_email(email)
    given: dict[str, Any] = {
        "locale": "en",
        "first_name": f"Person{number}",
        "created_at": MONDAY,
    } | values
    contact = Contact(
        audience=Audience.PARTNER if partner else Audience.INTERNAL,
        partner_id=partner.id if partner else None,
        email=email,
        email_hash=identity_hash(SECRET, key) if key else None,
        search_key=search_key(given["first_name"], email),
        **given,
    )
    session.add(contact)
    session.flush()
    token = make_token(SECRET, PREFERENCES, contact.id, 1)
    contact.preferences_hash = hash_token(token)
    return contact


def make_staff(session: Session, **values: Any) -> Contact:
    """One of the vendor's own staff."""
    return make_contact(session, None, **({"team": "channel sales"} | values))


def make_survey(
    session: Session,
    *,
    mode: Mode = Mode.CONFIDENTIAL,
    template: str = "quarterly_pulse",
    now: datetime = MONDAY,
    **values: Any,
) -> Survey:
    """A survey with a published questionnaire, of a vendor that can send."""
    install_bank(session, load_bank())
    save_workspace(session, NORDVIK, now=now, user_id=None)
    given = {"slug": f"pulse-{next(_numbers)}", "name": "Quarterly pulse"} | values
    survey = create_survey(session, mode=mode, time_zone="Europe/Warsaw", now=now, **given)
    version = draft_from_template(session, survey, bank=load_bank(), template_key=template)
    publish_version(session, version, now=now)
    session.flush()
    return survey


def make_programme(
    session: Session, *, companies: int = 12, people: int = 1, staff: int = 8
) -> list[Contact]:
    """Companies with people, by turns of two types, three tiers and two languages; and staff."""
    contacts = []
    for number in range(companies):
        partner = make_partner(
            session,
            type=("reseller", "integrator")[number % 2],
            tier=("gold", "silver", "registered")[number % 3],
            region=("north", "south")[number % 2],
        )
        locale = ("pl", "en")[number % 2]
        contacts += [make_contact(session, partner, locale=locale) for _ in range(people)]
    contacts += [make_staff(session) for _ in range(staff)]
    session.flush()
    return contacts


def open_survey(
    session: Session,
    keys: LinkKeys,
    *,
    companies: int = 3,
    people: int = 1,
    staff: int = 1,
    now: datetime = MONDAY,
    **values: Any,
) -> Run:
    """A run that was opened now, with everybody of a programme invited; committed."""
    make_programme(session, companies=companies, people=people, staff=staff)
    survey = make_survey(session, now=now, **values)
    run = open_run(session, survey, scheduled_at=now, keys=keys, now=now).run
    session.commit()
    return run


def links_of(session: Session, keys: LinkKeys, wave: Wave) -> list[str]:
    """The answer tokens of a wave, in the order of its invitations; ends the transaction."""
    ids = session.scalars(
        select(Invitation.id).where(Invitation.wave_id == wave.id).order_by(Invitation.id)
    ).all()
    session.commit()
    return [answer_token(keys, each, 1) for each in ids]


def make_schedule(
    session: Session, survey: Survey, *, now: datetime = MONDAY - timedelta(days=1), **values: Any
) -> Schedule:
    """Each quarter on the second Monday at 9:00 in Warsaw, first on Monday, 8 February 2027."""
    given: dict[str, Any] = {
        "frequency": Frequency.QUARTERLY,
        "is_by_weekday": True,
        "starts_on": date(2027, 2, 8),
        "local_time": time(9),
        "open_days": 12,
        "grace_hours": 24,
        "reminders": Reminders.BOTH,
    }
    return save_schedule(session, survey, ScheduleWish(**(given | values)), now=now)


def sign_in(client: FlaskClient, email: str = "alicja@nordvik.example") -> None:
    """Sign in through the page, as a person does."""
    token = csrf_token(client.get("/login").text)
    reply = client.post("/login", data={"email": email, "password": PASSWORD, "csrf_token": token})
    assert reply.status_code == 303, reply.text


def csrf_token(page: str) -> str:
    """The guard that a page's first form carries."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]
