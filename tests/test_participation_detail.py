"""Companies and segments of those who were invited and took part, counted and kept."""

from datetime import timedelta

import pytest
from answered_waves import open_wave
from factories import MONDAY, make_contact, make_partner, make_survey, open_survey
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys
from surveys.models import Invitation, OutgoingMail, Wave
from surveys.participation import (
    GroupCount,
    ParticipationDetail,
    keep_participation,
    participation,
    participation_detail,
)
from surveys.terms import MailKind, MailState, Mode, WaveState
from surveys.waves import Run, close_run, open_run


def mark(session: Session, wave: Wave, *places: int, **marks: object) -> None:
    """Put these marks on invitations, by their place in the wave; commits."""
    ids = session.scalars(
        select(Invitation.id).where(Invitation.wave_id == wave.id).order_by(Invitation.id)
    ).all()
    session.execute(
        update(Invitation).where(Invitation.id.in_([ids[place] for place in places])).values(marks)
    )
    session.commit()


def uneven(session: Session, keys: LinkKeys, *, mode: Mode = Mode.CONFIDENTIAL) -> Run:
    """Three people at one gold company, one each at two silver ones."""
    gold = make_partner(session, tier="gold", region="north")
    for _ in range(3):
        make_contact(session, gold)
    for region in ("north", "south"):
        make_contact(session, make_partner(session, tier="silver", region=region))
    survey = make_survey(session, mode=mode)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    return run


def test_people_and_companies_are_counted_by_every_frozen_segment(
    session: Session, keys: LinkKeys
) -> None:
    run = uneven(session, keys)
    mark(session, run.partner, 0, 1, answered_on=MONDAY.date())
    mark(session, run.partner, 3, started_on=MONDAY.date())

    detail = participation_detail(session, run.partner)

    assert detail.groups["tier"] == {"gold": GroupCount(3, 2, 1), "silver": GroupCount(2, 1, 2)}
    assert detail.groups["region"] == {"north": GroupCount(4, 3, 2), "south": GroupCount(1, 0, 1)}
    assert (detail.n_companies, detail.n_companies_took_part) == (3, 2)
    # Three people have three colleagues each, oneself included; two have themselves.
    assert detail.company_size == pytest.approx((3 * 3 + 1 + 1) / 5)


def test_a_partner_who_changes_tier_stays_in_the_segment_of_the_invitation(
    session: Session, keys: LinkKeys
) -> None:
    run = uneven(session, keys)
    before = participation_detail(session, run.partner)

    partner = session.scalars(select(Invitation).order_by(Invitation.id)).first()
    assert partner is not None
    assert partner.contact is not None
    assert partner.contact.partner is not None
    partner.contact.partner.tier = "registered"
    session.commit()

    assert participation_detail(session, run.partner) == before


def test_groups_of_one_wave_take_two_statements_however_many_dimensions(
    session: Session, keys: LinkKeys, statements: list[str]
) -> None:
    run = uneven(session, keys)
    wave = session.get_one(Wave, run.id)
    assert len(wave.dimensions) > 1
    statements.clear()

    participation_detail(session, wave)

    assert len([each for each in statements if each.startswith("SELECT")]) == 2


def test_staff_are_nobody_s_colleagues(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, staff=9)
    assert run.internal
    mark(session, run.internal, 0, 4, answered_on=MONDAY.date())

    detail = participation_detail(session, run.internal)

    assert detail.groups["team"] == {"channel sales": GroupCount(9, 2, 9)}
    assert detail.company_size == 1


def test_a_wave_without_anybody_has_no_groups(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, staff=0)
    assert run.internal

    assert participation_detail(session, run.internal) == ParticipationDetail()


def test_sent_counts_what_has_left_and_what_came_back(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, companies=6, staff=0)
    mails = session.scalars(
        select(OutgoingMail)
        .where(OutgoingMail.kind == MailKind.INVITATION)
        .order_by(OutgoingMail.id)
    ).all()
    for mail in mails[:3]:
        mail.state, mail.sent_at = MailState.SENT, MONDAY
    mails[2].bounced_at = MONDAY
    mails[3].state, mails[3].bounced_at = MailState.FAILED, MONDAY  # refused at the door
    mails[4].state = MailState.SUPPRESSED
    session.commit()

    assert participation_detail(session, run.partner).sent == 4
    assert participation(session, run.partner).delivered == 2


def test_a_waiting_anonymous_answer_is_in_no_group_until_it_is_shuffled(
    session: Session, keys: LinkKeys
) -> None:
    run = open_wave(session, keys, mode=Mode.ANONYMOUS)
    mark(session, run.partner, *range(6), answered_on=MONDAY.date())
    mark(session, run.partner, 0, is_waiting=True)

    detail = participation_detail(session, run.partner)

    assert sum(count.took_part for count in detail.groups["type"].values()) == 5
    wave = session.get_one(Wave, run.id)
    wave.state = WaveState.CLOSED
    session.commit()
    closed = participation_detail(session, wave)
    assert sum(count.took_part for count in closed.groups["type"].values()) == 6


def test_a_closed_wave_keeps_its_groups_and_nobody_counts_them_again(
    session: Session, keys: LinkKeys, statements: list[str]
) -> None:
    run = uneven(session, keys)
    mark(session, run.partner, 0, 3, answered_on=MONDAY.date())
    before = participation_detail(session, run.partner)
    close_run(session, run, now=MONDAY + timedelta(days=1))
    session.commit()
    wave = session.get_one(Wave, run.id)
    assert wave.participation
    statements.clear()

    after = participation_detail(session, wave)

    assert statements == []
    # Mails that waited are cancelled by the close; nothing else may change.
    assert after == before
    assert participation(session, wave).answered == 2


def test_a_wave_closed_before_groups_were_kept_is_counted(session: Session, keys: LinkKeys) -> None:
    run = uneven(session, keys)
    mark(session, run.partner, 1, answered_on=MONDAY.date())
    close_run(session, run, now=MONDAY + timedelta(days=1))
    session.commit()
    wave = session.get_one(Wave, run.id)
    assert wave.participation
    kept = participation_detail(session, wave)
    wave.participation = {
        name: value for name, value in wave.participation.items() if name != "detail"
    }
    session.commit()

    assert participation_detail(session, wave) == kept
    assert participation(session, wave).answered == 1

    keep_participation(session, wave)
    assert participation_detail(session, wave) == kept
