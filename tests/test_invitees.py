"""Whom a wave would ask, told before it opens: the same people and segments as opening stores."""

from datetime import date

import pytest
from factories import MONDAY, make_contact, make_partner, make_programme, make_survey
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.invitations import Invitee, LinkKeys, invitees
from surveys.models import Invitation, SegmentProfile
from surveys.terms import Audience, Mode
from surveys.waves import open_run, wave_by_policy

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize("mode", Mode)
def test_what_is_told_before_opening_is_what_opening_stores(
    session: Session, keys: LinkKeys, mode: Mode
) -> None:
    make_programme(session, companies=14, people=2, staff=6)
    make_contact(session, make_partner(session), do_not_survey_until=date(2028, 1, 1))
    survey = make_survey(session, mode=mode)
    waves = {audience: wave_by_policy(survey, audience) for audience in Audience}
    told = {audience: invitees(session, waves[audience], now=MONDAY) for audience in Audience}

    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run

    for wave in run.waves:
        stored = session.execute(
            select(Invitation.contact_id, Invitation.partner_id, SegmentProfile.segments)
            .join(
                SegmentProfile,
                (SegmentProfile.wave_id == Invitation.wave_id)
                & (SegmentProfile.profile_no == Invitation.profile_no),
            )
            .where(Invitation.wave_id == wave.id)
            .order_by(Invitation.contact_id)
        )
        assert told[wave.audience] == [
            Invitee(row.contact_id or 0, row.partner_id, row.segments) for row in stored
        ]
        before = waves[wave.audience]
        for fixed in ("mode", "dimensions", "min_people", "min_companies", "max_share_pct"):
            assert getattr(before, fixed) == getattr(wave, fixed)


@on_sqlite
def test_telling_stores_nothing(session: Session) -> None:
    make_programme(session, companies=3)
    survey = make_survey(session)
    session.commit()

    invitees(session, wave_by_policy(survey, Audience.PARTNER), now=MONDAY)

    assert not session.new
    assert not session.dirty
