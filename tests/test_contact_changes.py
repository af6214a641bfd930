"""One contact, added and changed by hand."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from factories import MONDAY, SECRET, make_contact, make_partner, make_staff, open_survey
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.contact_changes import ContactFacts, add_contact, change_contact, facts_of
from surveys.contact_writer import ContactKeys
from surveys.errors import FieldError
from surveys.invitations import LinkKeys, queue_reminders
from surveys.models import Contact, Invitation, OutgoingMail, Partner, Suppression
from surveys.preferences import open_preferences, preferences_token, suppress
from surveys.terms import Audience, MailKind, MailState, SuppressionReason

KEYS = ContactKeys(SECRET, SECRET)
TODAY = MONDAY.date()


def changed(session: Session, contact: Contact, **values: Any) -> list[str]:
    """Change some facts of a person."""
    partner = session.get(Partner, contact.partner_id) if contact.partner_id else None
    facts = replace(facts_of(contact, partner), **values)
    return list(change_contact(session, contact, facts, keys=KEYS, now=MONDAY))


def stops(session: Session, contact: Contact) -> set[SuppressionReason]:
    """Why the person's present address gets no mail."""
    return set(
        session.scalars(
            select(Suppression.reason).where(
                Suppression.email_hash == contact.email_hash, Suppression.lifted_at.is_(None)
            )
        )
    )


def stop(session: Session, contact: Contact, reason: SuppressionReason) -> None:
    """Put the person's address on the list."""
    assert contact.email_hash is not None
    suppress(session, contact.email_hash, email=None, reason=reason, source="page", now=MONDAY)


def test_what_is_known_can_be_changed_and_is_found_by_the_new_name(session: Session) -> None:
    old, new = make_partner(session, "Integra"), make_partner(session, "Sieć Plus")
    ewa = make_contact(session, old, first_name="Ewa", last_name="Żuk")

    names = changed(
        session,
        ewa,
        last_name="Wróbel",
        company="siec  PLUS",
        locale="pl",
        role="sales",
        time_zone="Europe/Warsaw",
        is_main=True,
    )

    assert set(names) == {"last_name", "partner_id", "locale", "role", "time_zone", "is_main"}
    assert ewa.partner_id == new.id
    assert ewa.search_key.startswith("ewa wrobel")


def test_nothing_changes_when_the_same_is_stored_again(session: Session) -> None:
    ewa = make_contact(session, make_partner(session), last_name="Żuk", role="sales")

    assert changed(session, ewa) == []


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({"email": "no address"}, "email", "invalid"),
        ({"email": "JAN@halo.example"}, "email", "taken"),
        ({"email": "gone@halo.example"}, "email", "erased"),
        ({"company": "Nobody"}, "company", "unknown"),
        ({"company": "Twice"}, "company", "several"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    session: Session, values: dict[str, str], field: str, reason: str
) -> None:
    partner = make_partner(session)
    make_partner(session, "Twice")
    make_partner(session, "Twice")
    make_contact(session, partner, email="jan@halo.example")
    gone = make_contact(session, partner, email="gone@halo.example")
    stop(session, gone, SuppressionReason.ERASED)
    session.delete(gone)
    session.flush()
    ewa = make_contact(session, partner)

    with pytest.raises(FieldError) as refused:
        changed(session, ewa, **values)

    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_of_two_companies_of_one_name_the_identifier_says_which(session: Session) -> None:
    make_partner(session, "Twice")
    second = make_partner(session, "Twice")
    ewa = make_contact(session, make_partner(session))

    changed(session, ewa, company=second.external_id)

    assert ewa.partner_id == second.id


def test_an_opt_out_follows_the_person_to_a_new_address(session: Session) -> None:
    ewa = make_contact(session, make_partner(session))
    stop(session, ewa, SuppressionReason.OPT_OUT)
    stop(session, ewa, SuppressionReason.HARD_BOUNCE)

    changed(session, ewa, email="new@halo.example")

    assert stops(session, ewa) == {SuppressionReason.OPT_OUT}


def test_a_new_person_with_a_stopped_address_stays_stopped(session: Session) -> None:
    partner = make_partner(session, "Halo")
    ewa = make_contact(session, partner, email="ewa@halo.example")
    stop(session, ewa, SuppressionReason.OPT_OUT)
    session.delete(ewa)
    session.flush()
    facts = ContactFacts(email="EWA@halo.example", company="Halo", locale="pl")

    added = add_contact(session, facts, audience=Audience.PARTNER, keys=KEYS, now=MONDAY)

    assert stops(session, added) == {SuppressionReason.OPT_OUT}
    assert open_preferences(session, preferences_token(SECRET, added)).contact_id == added.id


def test_a_colleague_needs_no_company(session: Session) -> None:
    facts = ContactFacts(email="ola@nordvik.example", locale="pl", team="sales")

    added = add_contact(session, facts, audience=Audience.INTERNAL, keys=KEYS, now=MONDAY)

    assert (added.partner_id, added.team) == (None, "sales")
    assert changed(session, make_staff(session), team="marketing") == ["team"]


def test_mails_that_wait_go_to_the_corrected_address(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys)
    contact, mail = invited(session, run.partner.id)

    changed(session, contact, email="right@halo.example")
    session.refresh(mail)

    assert (mail.email, mail.email_hash) == ("right@halo.example", contact.email_hash)


@pytest.mark.parametrize(
    "values", [{"left_on": TODAY}, {"do_not_survey_until": TODAY + timedelta(days=5)}]
)
def test_who_left_or_is_to_rest_gets_nothing_of_what_waits(
    session: Session, keys: LinkKeys, values: dict[str, date]
) -> None:
    run = open_survey(session, keys)
    contact, mail = invited(session, run.partner.id)

    changed(session, contact, **values)
    session.refresh(mail)

    assert mail.state is MailState.CANCELLED


def test_who_left_is_not_reminded(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, companies=3)
    for mail in session.scalars(select(OutgoingMail)):
        mail.state, mail.sent_at = MailState.SENT, MONDAY
    contact, _ = invited(session, run.partner.id)
    changed(session, contact, left_on=TODAY)

    assert queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY) == 2


def invited(session: Session, wave_id: int) -> tuple[Contact, OutgoingMail]:
    """Somebody who was asked in a wave, with the mail."""
    invitation = session.scalars(select(Invitation).where(Invitation.wave_id == wave_id)).first()
    assert invitation is not None
    contact = session.get_one(Contact, invitation.contact_id)
    mail = session.scalars(
        select(OutgoingMail).where(OutgoingMail.invitation_id == invitation.id)
    ).one()
    return contact, mail
