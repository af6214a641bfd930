"""Who is asked, who is left out and why, and who is reminded."""

from datetime import date, timedelta

import pytest
from factories import (
    MONDAY,
    links_of,
    make_contact,
    make_partner,
    make_programme,
    make_staff,
    make_survey,
    make_user,
)
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveys.invitations import (
    AudienceSize,
    LinkKeys,
    audience_sizes,
    count_to_remind,
    queue_reminders,
)
from surveys.models import (
    Contact,
    Exclusion,
    Invitation,
    OutgoingMail,
    SegmentProfile,
    Suppression,
    Survey,
)
from surveys.preferences import suppress
from surveys.terms import Audience, MailKind, MailState, Mode, SuppressionReason
from surveys.tokens import hash_token
from surveys.waves import Run, open_run


def opt_out(session: Session, contact: Contact, survey: Survey | None = None) -> None:
    """This person wants no more mails, of one survey or of all."""
    assert contact.email_hash
    suppress(
        session,
        contact.email_hash,
        email=contact.email,
        reason=SuppressionReason.OPT_OUT,
        source="page",
        now=MONDAY,
        survey_id=survey.id if survey else None,
    )


def open_now(session: Session, survey: Survey, keys: LinkKeys) -> Run:
    """Open a wave of this survey on Monday."""
    return open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run


def set_first_mails(session: Session, run: Run, state: MailState) -> None:
    """As if the sender had come this far with every invitation."""
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.wave_id.in_([wave.id for wave in run.waves]))
        .values(state=state, sent_at=MONDAY if state is MailState.SENT else None)
    )


def exclusions(session: Session, run: Run) -> dict[int, str]:
    """Reason by contact."""
    rows = session.execute(
        select(Exclusion.contact_id, Exclusion.reason).where(
            Exclusion.wave_id.in_([wave.id for wave in run.waves])
        )
    )
    return dict(rows.all())


def test_everybody_left_out_is_written_down_with_the_reason(
    session: Session, keys: LinkKeys
) -> None:
    survey = make_survey(session)
    contacts = make_programme(session, companies=6, staff=2)
    opted_out, opted_out_here, resting, colleague = (
        contacts[0],
        contacts[1],
        contacts[2],
        contacts[-1],
    )
    opt_out(session, opted_out)
    opt_out(session, opted_out_here, survey)
    opt_out(session, colleague)
    resting.do_not_survey_until = date(2027, 3, 1)
    nameless = make_contact(session, make_partner(session))
    nameless.email = nameless.email_hash = None

    run = open_now(session, survey, keys)

    assert exclusions(session, run) == {
        opted_out.id: "suppressed",
        opted_out_here.id: "suppressed",
        colleague.id: "suppressed",
        resting.id: "do_not_survey",
        nameless.id: "no_address",
    }
    invited = set(session.scalars(select(Invitation.contact_id)))
    assert invited == {contact.id for contact in contacts} - set(exclusions(session, run))


def test_an_opt_out_from_another_survey_does_not_count_here(
    session: Session, keys: LinkKeys
) -> None:
    survey, other = make_survey(session), make_survey(session)
    contacts = make_programme(session, companies=3, staff=0)
    opt_out(session, contacts[0], other)

    run = open_now(session, survey, keys)

    assert exclusions(session, run) == {}


def test_a_lifted_opt_out_does_not_count(session: Session, keys: LinkKeys) -> None:
    user = make_user(session)
    survey = make_survey(session)
    contacts = make_programme(session, companies=3, staff=0)
    opt_out(session, contacts[0])
    session.execute(update(Suppression).values(lifted_at=MONDAY, lifted_by_id=user.id))

    run = open_now(session, survey, keys)

    assert exclusions(session, run) == {}


def test_who_rests_until_today_is_asked_again(session: Session, keys: LinkKeys) -> None:
    survey = make_survey(session)
    contacts = make_programme(session, companies=3, staff=0)
    contacts[0].do_not_survey_until = MONDAY.date()

    run = open_now(session, survey, keys)

    assert exclusions(session, run) == {}


def test_who_left_is_neither_asked_nor_called_left_out(session: Session, keys: LinkKeys) -> None:
    survey = make_survey(session)
    contacts = make_programme(session, companies=4, staff=0)
    contacts[0].left_on = date(2027, 1, 1)
    assert contacts[1].partner
    contacts[1].partner.archived_at = MONDAY
    contacts[2].merged_into_id = contacts[3].id

    run = open_now(session, survey, keys)

    assert exclusions(session, run) == {}
    assert session.scalars(select(Invitation.contact_id)).all() == [contacts[3].id]


def test_each_invited_person_gets_one_mail_in_their_language_and_a_link_that_opens(
    session: Session, keys: LinkKeys
) -> None:
    survey = make_survey(session)
    contacts = make_programme(session, companies=3, staff=1)
    contacts[0].locale = "de"

    run = open_now(session, survey, keys)

    mails = session.execute(
        select(OutgoingMail.kind, OutgoingMail.locale, Contact.id)
        .join(Invitation, Invitation.id == OutgoingMail.invitation_id)
        .join(Contact, Contact.id == Invitation.contact_id)
        .order_by(Contact.id)
    ).all()
    assert [tuple(mail) for mail in mails] == [
        # A language that the survey does not have: its first one.
        (MailKind.INVITATION, "pl", contacts[0].id),
        (MailKind.INVITATION, contacts[1].locale, contacts[1].id),
        (MailKind.INVITATION, contacts[2].locale, contacts[2].id),
        (MailKind.STAFF_INVITATION, contacts[3].locale, contacts[3].id),
    ]
    stored = set(session.scalars(select(Invitation.token_hash)))
    tokens = [token for wave in run.waves for token in links_of(session, keys, wave)]
    assert stored == {hash_token(token) for token in tokens}


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.IDENTIFIED])
def test_profiles_are_exact_outside_anonymous_mode(
    session: Session, keys: LinkKeys, mode: Mode
) -> None:
    survey = make_survey(session, mode=mode)
    make_programme(session, companies=6)

    run = open_now(session, survey, keys)

    stored = profiles_of(session, run)
    assert run.partner.dimensions == ["type", "tier", "region"]
    assert {"type": "reseller", "tier": "gold", "region": "north"} in stored
    assert len(stored) == 6


def test_anonymous_profiles_are_coarse_and_no_finer_than_the_promise(
    session: Session, keys: LinkKeys
) -> None:
    survey = make_survey(session, mode=Mode.ANONYMOUS)
    make_programme(session, companies=12)
    for _ in range(3):
        make_contact(session, make_partner(session, type="distributor", tier="gold"))

    run = open_now(session, survey, keys)

    assert run.partner.dimensions == ["type", "tier"]
    sizes = session.execute(
        select(
            Invitation.profile_no,
            func.count().label("people"),
            func.count(Invitation.partner_id.distinct()).label("companies"),
        )
        .where(Invitation.wave_id == run.partner.id)
        .group_by(Invitation.profile_no)
    ).all()
    assert all(row.people >= 5 and row.companies >= 3 for row in sizes)
    assert {"type": "distributor", "tier": "gold"} not in profiles_of(session, run)


def profiles_of(session: Session, run: Run) -> list[dict[str, str]]:
    """The stored combinations of the partner wave."""
    rows = session.scalars(
        select(SegmentProfile.segments).where(SegmentProfile.wave_id == run.partner.id)
    )
    return list(rows)


def test_the_count_before_a_wave_is_what_opening_it_asks(session: Session, keys: LinkKeys) -> None:
    survey, other = make_survey(session), make_survey(session)
    contacts = make_programme(session, companies=6, people=2, staff=3)
    opt_out(session, contacts[0])
    opt_out(session, contacts[2], other)
    contacts[4].do_not_survey_until = date(2027, 3, 1)

    sizes = audience_sizes(session, [survey.id, other.id], now=MONDAY)
    opened = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY)

    expected = AudienceSize(10, 6, {"suppressed": 1, "do_not_survey": 1})
    assert sizes[survey.id, Audience.PARTNER] == expected
    assert sizes[survey.id, Audience.INTERNAL] == AudienceSize(3, 0, {})
    assert sizes[other.id, Audience.PARTNER].left_out == {"suppressed": 2, "do_not_survey": 1}
    for audience, invited in opened.invited.items():
        size = sizes[survey.id, audience]
        assert (invited.people, invited.left_out) == (size.people, size.left_out)


def test_a_reminder_goes_only_to_those_without_an_answer(session: Session, keys: LinkKeys) -> None:
    survey = make_survey(session)
    make_programme(session, companies=4, staff=0)
    run = open_now(session, survey, keys)
    set_first_mails(session, run, MailState.SENT)
    ids = session.scalars(select(Invitation.id).order_by(Invitation.id)).all()
    session.execute(
        update(Invitation).where(Invitation.id == ids[0]).values(answered_on=MONDAY.date())
    )

    counted = count_to_remind(session, run.partner, MailKind.REMINDER_1, now=MONDAY)
    queued = queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY)

    reminded = session.scalars(
        select(OutgoingMail.invitation_id)
        .where(OutgoingMail.kind == MailKind.REMINDER_1)
        .order_by(OutgoingMail.invitation_id)
    ).all()
    assert (counted, queued) == (3, 3)
    assert reminded == ids[1:]


def test_the_same_reminder_is_queued_once(session: Session, keys: LinkKeys) -> None:
    survey = make_survey(session)
    make_programme(session, companies=3, staff=0)
    run = open_now(session, survey, keys)
    set_first_mails(session, run, MailState.SENT)

    counts = [
        queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY)
        for _ in range(2)
    ]

    assert counts == [3, 0]


def test_who_opted_out_or_rests_since_is_not_reminded(session: Session, keys: LinkKeys) -> None:
    survey = make_survey(session)
    contacts = make_programme(session, companies=4, staff=0)
    run = open_now(session, survey, keys)
    set_first_mails(session, run, MailState.SENT)
    opt_out(session, contacts[0])
    contacts[1].do_not_survey_until = date(2027, 3, 1)
    session.flush()

    day_four = MONDAY + timedelta(days=4)
    queued = queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=day_four)

    assert queued == 2


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.DEFERRED])
def test_who_still_waits_for_the_invitation_is_not_reminded(
    session: Session, keys: LinkKeys, state: MailState
) -> None:
    survey = make_survey(session)
    make_programme(session, companies=3, staff=1)
    make_staff(session)
    run = open_now(session, survey, keys)
    set_first_mails(session, run, state)

    counts = [
        count_to_remind(session, wave, kind, now=MONDAY)
        for wave, kind in zip(
            run.waves, (MailKind.REMINDER_1, MailKind.STAFF_REMINDER), strict=True
        )
    ]

    assert counts == [0, 0]
