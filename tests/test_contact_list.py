"""The list of contacts: what is found, who is left out, what stands beside a name."""

from datetime import date
from typing import Any

from factories import MONDAY, make_contact, make_partner, make_staff, make_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.contact_list import (
    PAGE_SIZE,
    ContactFilter,
    ContactPage,
    Reach,
    list_contacts,
    masked,
)
from surveys.models import Contact, Partner, Suppression
from surveys.preferences import lift_suppression, suppress
from surveys.search_keys import search_key
from surveys.terms import Audience, SuppressionReason


def person(
    session: Session, name: str, *, partner: Partner | None = None, **values: Any
) -> Contact:
    """Somebody of this first name at a partner."""
    contact = make_contact(session, partner or make_partner(session), first_name=name, **values)
    contact.search_key = search_key(name, contact.email)
    session.flush()
    return contact


def found(session: Session, wanted: ContactFilter, *, may_see_addresses: bool = True) -> list[str]:
    """Names on the first page."""
    page = list_contacts(session, wanted, may_see_addresses=may_see_addresses)
    return [contact.name for contact in page.contacts]


def everything(session: Session) -> ContactPage:
    """The first page of all partners' contacts."""
    return list_contacts(session, ContactFilter(), may_see_addresses=True)


def test_contacts_stand_in_the_order_of_their_folded_names(session: Session) -> None:
    for name in ("Zofia", "Łucja", "adam", "Żaneta", "Marek"):
        person(session, name)

    assert found(session, ContactFilter()) == ["adam", "Łucja", "Marek", "Żaneta", "Zofia"]


def test_words_are_looked_for_in_name_address_and_company(session: Session) -> None:
    siec = make_partner(session, "Sieć Plus")
    person(session, "Łucja", partner=siec)
    person(session, "Adam", partner=siec, email="adam@siec.example")
    person(session, "Ewa", partner=make_partner(session, "100% Integra"))
    expected = {
        "lucja": ["Łucja"],
        "ŁUCJA": ["Łucja"],
        "sieć": ["Adam", "Łucja"],
        "adam siec": ["Adam"],
        "adam integra": [],
        "adam@siec.example": ["Adam"],
        "100%": ["Ewa"],
        "_": [],
        "' OR 1=1 --": [],
    }

    names = {text: found(session, ContactFilter(text=text)) for text in expected}

    assert names == expected


def test_filters_narrow_by_level_and_type_of_partner(session: Session) -> None:
    gold = make_partner(session, tier="Gold", type="integrator")
    silver = make_partner(session, tier="Silver", type="integrator")
    other = make_partner(session, tier="Gold", type="reseller")
    for name, partner in (("Ada", gold), ("Bea", silver), ("Cyd", other)):
        person(session, name, partner=partner)

    assert found(session, ContactFilter(tier="Gold")) == ["Ada", "Cyd"]
    assert found(session, ContactFilter(type="integrator")) == ["Ada", "Bea"]
    assert found(session, ContactFilter(tier="Gold", type="reseller")) == ["Cyd"]
    page = everything(session)
    assert (page.tiers, page.types) == (("Gold", "Silver"), ("integrator", "reseller"))


def test_own_staff_are_a_list_of_their_own(session: Session) -> None:
    person(session, "Ewa")
    make_staff(session, first_name="Anna", team="Kanał")

    page = list_contacts(session, ContactFilter(audience=Audience.INTERNAL), may_see_addresses=True)

    (anna,) = page.contacts
    assert (anna.name, anna.team, anna.company, anna.tier) == ("Anna", "Kanał", "", "")
    assert found(session, ContactFilter()) == ["Ewa"]


def test_people_and_companies_that_have_left_are_not_listed(session: Session) -> None:
    stays = person(session, "Stays")
    person(session, "Left", left_on=date(2027, 1, 1))
    person(session, "Merged", merged_into_id=stays.id)
    person(session, "Archived", partner=make_partner(session, archived_at=MONDAY))
    person(session, "Gone", partner=make_partner(session, left_on=date(2027, 1, 1)))

    page = everything(session)

    assert [contact.name for contact in page.contacts] == ["Stays"]
    assert page.n_contacts == 1


def test_the_state_of_mail_tells_stopped_from_bounced(session: Session) -> None:
    reasons = {
        "Reached": [],
        "Stopped": [SuppressionReason.OPT_OUT],
        "Bounced": [SuppressionReason.HARD_BOUNCE],
        "Both": [SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT],
    }
    for name, each in reasons.items():
        contact = person(session, name)
        assert contact.email_hash is not None
        for reason in each:
            suppress(session, contact.email_hash, email=None, reason=reason, source="t", now=MONDAY)
    gone = person(session, "Without")
    gone.email = gone.email_hash = None
    session.flush()

    states = {contact.name: contact.reach for contact in everything(session).contacts}

    assert states == {
        "Reached": Reach.OK,
        "Stopped": Reach.STOPPED,
        "Bounced": Reach.BOUNCED,
        "Both": Reach.STOPPED,
        "Without": Reach.NO_ADDRESS,
    }


def test_a_lifted_bounce_does_not_stop_mail(session: Session) -> None:
    user = make_user(session)
    contact = person(session, "Ewa")
    assert contact.email_hash is not None
    suppress(
        session,
        contact.email_hash,
        email=None,
        reason=SuppressionReason.HARD_BOUNCE,
        source="t",
        now=MONDAY,
    )
    (bounced,) = everything(session).contacts
    suppression_id = session.scalars(select(Suppression.id)).one()
    lift_suppression(session, suppression_id, user_id=user.id, now=MONDAY)

    (lifted,) = everything(session).contacts

    assert (bounced.reach, lifted.reach) == (Reach.BOUNCED, Reach.OK)


def test_pages_hold_fifty_and_the_last_one_the_rest(session: Session) -> None:
    partner = make_partner(session)
    for number in range(PAGE_SIZE + 3):
        person(session, f"P{number:03}", partner=partner)

    first = everything(session)
    second = list_contacts(session, ContactFilter(), number=2, may_see_addresses=True)
    beyond = list_contacts(session, ContactFilter(), number=99, may_see_addresses=True)
    before = list_contacts(session, ContactFilter(), number=-4, may_see_addresses=True)

    assert (len(first.contacts), len(second.contacts)) == (PAGE_SIZE, 3)
    assert (first.n_contacts, first.n_pages) == (PAGE_SIZE + 3, 2)
    assert {c.contact_id for c in first.contacts}.isdisjoint(c.contact_id for c in second.contacts)
    assert beyond == second
    assert before == first


def test_an_empty_list_has_one_page(session: Session) -> None:
    page = everything(session)

    assert (page.contacts, page.n_contacts, page.number, page.n_pages) == ((), 0, 1, 1)


def test_who_may_not_see_addresses_neither_reads_nor_finds_them(session: Session) -> None:
    person(session, "Ewa", email="Mazur.Ewa@integra.example")

    page = list_contacts(session, ContactFilter(), may_see_addresses=False)

    assert [contact.email for contact in page.contacts] == ["M…@integra.example"]
    assert found(session, ContactFilter(text="mazur")) == ["Ewa"]
    assert found(session, ContactFilter(text="mazur"), may_see_addresses=False) == []
    assert found(session, ContactFilter(text="integra.example"), may_see_addresses=False) == []
    assert found(session, ContactFilter(text="ewa"), may_see_addresses=False) == ["Ewa"]


def test_a_mask_tells_the_first_letter_and_the_domain_only() -> None:
    assert masked("ewa.mazur@integra.example") == "e…@integra.example"
    assert masked("x@y.example") == "x…@y.example"


def test_a_page_costs_five_statements_however_many_contacts_there_are(
    session: Session, statements: list[str]
) -> None:
    counts = []
    for _ in range(2):
        for number in range(PAGE_SIZE):
            person(session, f"P{number}")
        session.commit()
        statements.clear()
        list_contacts(session, ContactFilter(text="p"), may_see_addresses=True)
        counts.append(len([each for each in statements if each.startswith("SELECT")]))
        session.rollback()

    assert counts == [5, 5]
