"""Partner companies: the list, what a page tells of their answers, adding and changing them."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories import (
    MONDAY,
    csrf_token,
    links_of,
    make_contact,
    make_partner,
    make_user,
    open_survey,
    sign_in,
)
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_web_people import text_of
from werkzeug.test import TestResponse

from surveys.contact_list import Reach
from surveys.errors import FieldError
from surveys.invitations import LinkKeys, queue_reminders
from surveys.models import AuditEvent, Contact, Invitation, OutgoingMail, Partner
from surveys.partner_changes import PartnerFacts, add_partner, change_partner, partner_facts
from surveys.partner_pages import PartnerFilter, Standing, list_partners, partner_page
from surveys.preferences import suppress
from surveys.terms import MailKind, MailState, Mode, Role, SuppressionReason

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of an administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


def names(session: Session, number: int = 1, **wanted: Any) -> list[str]:
    """The companies on one page of the list."""
    page = list_partners(session, PartnerFilter(**wanted), number=number)
    return [partner.name for partner in page.partners]


# The list


def test_the_list_is_filtered_by_words_identifier_and_segments(session: Session) -> None:
    make_partner(session, "Łódź Sieć", tier="Gold", region="north", type="msp")
    halo = make_partner(session, "Halo", tier="Silver", region="south", type="msp")
    make_partner(session, "Gone", left_on=MONDAY.date())
    make_partner(session, "Aside", archived_at=MONDAY)

    assert names(session) == ["Halo", "Łódź Sieć"]
    assert names(session, text="siec LODZ") == ["Łódź Sieć"]
    assert names(session, text=str(halo.external_id)) == ["Halo"]
    assert names(session, tier="Silver", region="south", type="msp") == ["Halo"]
    assert names(session, tier="Gold", region="south") == []
    assert names(session, standing=Standing.LEFT) == ["Gone"]
    assert names(session, standing=Standing.ARCHIVED) == ["Aside"]


@on_sqlite
def test_pages_hold_every_company_once_from_whichever_end_they_are_read(session: Session) -> None:
    for number in range(230):
        make_partner(session, f"Company {number % 7} {number:03}")

    pages = [names(session, number) for number in range(1, 6)]

    assert [len(page) for page in pages] == [50, 50, 50, 50, 30]
    listed = [name for page in pages for name in page]
    assert listed == sorted(set(listed))
    assert len(listed) == 230
    assert names(session, 99) == pages[-1]


def test_the_number_of_contacts_leaves_out_who_left_or_was_merged(session: Session) -> None:
    partner = make_partner(session)
    kept = make_contact(session, partner)
    make_contact(session, partner, left_on=MONDAY.date())
    make_contact(session, partner, merged_into_id=kept.id)

    assert list_partners(session, PartnerFilter()).partners[0].n_contacts == 1


# One company


@pytest.mark.parametrize("mode", list(Mode))
def test_a_company_answered_or_not_and_only_named_answers_are_counted(
    client: FlaskClient, session: Session, keys: LinkKeys, mode: Mode
) -> None:
    run = open_survey(session, keys, mode=mode, companies=2, people=3)
    token = links_of(session, keys, run.partner)[0]
    assert client.post(f"/s/{token}", data={"recommend": "8"}).status_code == 303
    partner_id = session.scalars(
        select(Invitation.partner_id).where(Invitation.wave_id == run.partner.id)
    ).first()

    page = partner_page(session, session.get_one(Partner, partner_id))

    (wave,) = page.took_part
    assert wave.invited == 3
    # An anonymous answer waits for the shuffle: until then the company has not answered.
    assert wave.has_answered is (mode is not Mode.ANONYMOUS)
    assert wave.answered == (1 if mode is Mode.IDENTIFIED else None)


def test_people_stand_with_the_state_of_their_mail(session: Session) -> None:
    partner = make_partner(session)
    main = make_contact(session, partner, is_main=True)
    left = make_contact(session, partner, first_name="Aaa", left_on=MONDAY.date())
    bounced = make_contact(session, partner, first_name="Bbb")
    stopped = make_contact(session, partner, first_name="Ccc")
    for person, reason in (
        (bounced, SuppressionReason.HARD_BOUNCE),
        (stopped, SuppressionReason.HARD_BOUNCE),
        (stopped, SuppressionReason.OPT_OUT),
    ):
        assert person.email_hash is not None
        suppress(session, person.email_hash, email=None, reason=reason, source="page", now=MONDAY)
    session.flush()

    people = partner_page(session, partner).people

    assert [each.contact_id for each in people] == [main.id, bounced.id, stopped.id, left.id]
    assert [each.reach for each in people] == [Reach.OK, Reach.BOUNCED, Reach.STOPPED, Reach.OK]


# Changing


def test_a_company_that_leaves_gets_nothing_more_and_is_not_reminded(
    session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, companies=3)
    partners = session.scalars(select(Partner).order_by(Partner.id)).all()
    left = replace(partner_facts(partners[0]), left_on=MONDAY.date())

    assert change_partner(session, partners[0], left, now=MONDAY) == ["left_on"]

    states = dict(
        session.execute(
            select(Invitation.partner_id, OutgoingMail.state)
            .join(OutgoingMail, OutgoingMail.invitation_id == Invitation.id)
            .where(Invitation.wave_id == run.partner.id)
        ).all()
    )
    assert states[partners[0].id] is MailState.CANCELLED
    assert states[partners[1].id] is MailState.QUEUED
    for mail in session.scalars(select(OutgoingMail)):
        mail.state, mail.sent_at = MailState.SENT, MONDAY
    assert queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY) == 2


def test_the_day_of_putting_aside_stays_and_can_be_taken_back(session: Session) -> None:
    partner = make_partner(session)
    aside = replace(partner_facts(partner), is_archived=True)

    change_partner(session, partner, aside, now=MONDAY)
    change_partner(session, partner, replace(aside, tier="x"), now=MONDAY + timedelta(days=1))

    assert partner.archived_at == MONDAY
    change_partner(session, partner, replace(aside, is_archived=False), now=MONDAY)
    assert partner.archived_at is None


@pytest.mark.parametrize(
    ("facts", "field", "reason"),
    [
        (PartnerFacts(name="New", external_id="P-taken"), "external_id", "taken"),
        (PartnerFacts(name="HALO"), "name", "taken"),
        (PartnerFacts(name="New", owner_id=9999), "owner_id", "unknown"),
    ],
)
def test_a_company_that_cannot_be_is_refused_by_its_field(
    session: Session, facts: PartnerFacts, field: str, reason: str
) -> None:
    make_partner(session, "Halo").external_id = "P-taken"
    session.flush()

    with pytest.raises(FieldError) as refused:
        add_partner(session, facts, now=MONDAY)

    assert (refused.value.field, refused.value.reason) == (field, reason)


# Pages


def form_values(page: str) -> dict[str, str]:
    """What the form on a page shows."""
    form = page.partition("novalidate>")[2]
    fields = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', form)
    values = {name: html.unescape(value) for name, value in fields}
    values.pop("is_archived", None)
    values.pop("is_main", None)
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        values[name] = chosen[1] if chosen else ""
    return values


def send(client: FlaskClient, url: str, **changes: str) -> TestResponse:
    """Send the form of a page as it stands, with these changes."""
    page = client.get(url).text
    return client.post(url, data=form_values(page) | changes)


def test_a_company_and_its_people_are_added_and_changed_by_hand(
    alicja: FlaskClient, session: Session
) -> None:
    added = send(alicja, "/partners/new", name="Sieć <Plus>", tier="Gold", revenue_band="B")
    assert added.status_code == 303
    page = alicja.get(added.location)
    assert "Sieć <Plus> Gold" in text_of(page)
    form = re.search(r'href="(/contacts/new\?partner=\d+)"', page.text)
    assert form

    person = send(alicja, form[1], email="ewa@siec.example", first_name="Ewa", locale="pl")
    assert person.status_code == 303
    assert "Ewa" in text_of(alicja.get(added.location))
    changed = send(alicja, f"{added.location}/edit", name="Sieć Plus", tier="Silver")
    assert changed.status_code == 303

    assert names(session, tier="Silver") == ["Sieć Plus"]
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-3:] == ["partner.add", "contact.add", "partner.change"]


@on_sqlite
def test_a_colleague_is_added_without_a_company(alicja: FlaskClient, session: Session) -> None:
    reply = send(
        alicja, "/contacts/new?audience=internal", email="ola@nordvik.example", team="sales"
    )

    assert reply.status_code == 303
    assert session.scalars(select(Contact)).one().partner_id is None


@on_sqlite
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Fill this in"),
        ("name", "x\u200b", "There are invisible characters"),
        ("external_id", "P-taken", "Another company has this identifier"),
        ("country", "Atlantis", "Enter the two letters"),
        ("revenue_band", "Z", "Choose one of the list"),
        ("owner_id", "nobody", "Choose one of the list"),
        ("owner_id", "99999999", "Choose one of the list"),
        ("left_on", "2027-02-31", "Enter a date"),
    ],
)
def test_a_bad_value_is_named_and_what_was_typed_is_kept(
    alicja: FlaskClient, session: Session, field: str, value: str, said: str
) -> None:
    make_partner(session, "Other").external_id = "P-taken"
    partner_id = make_partner(session, "Halo").id
    session.commit()

    reply = send(alicja, f"/partners/{partner_id}/edit", **{"region": "far <east>", field: value})

    assert reply.status_code == 422
    assert said in text_of(reply)
    assert 'value="far &lt;east&gt;"' in reply.text
    assert session.get_one(Partner, partner_id).region == "north"


@on_sqlite
def test_only_who_runs_surveys_sees_companies(client: FlaskClient, session: Session) -> None:
    partner_id = make_partner(session).id
    make_user(session, "borys@nordvik.example", role=Role.VIEWER)
    session.commit()
    sign_in(client, "borys@nordvik.example")

    for path in ("/partners", f"/partners/{partner_id}", "/partners/new", "/contacts/new"):
        assert client.get(path).status_code == 403
    assert "/partners" not in client.get("/contacts").text


@on_sqlite
def test_odd_addresses_are_pages_without_an_error(alicja: FlaskClient, session: Session) -> None:
    make_partner(session, "100% Halo")
    session.commit()

    assert "100% Halo" in text_of(alicja.get("/partners?q=100%25"))
    assert "No company fits" in text_of(alicja.get("/partners?q=%00_&standing=x&page=-4&tier=y"))
    assert alicja.get("/partners/9999").status_code == 404
    assert alicja.get("/contacts/new?partner=9999").status_code == 404
    assert csrf_token(alicja.get("/partners/new").text)
