"""Pages of single mails and of the suppression list, as a person without JavaScript uses them."""

import pytest
from factories import (
    MONDAY,
    csrf_token,
    make_contact,
    make_partner,
    make_user,
    open_survey,
    sign_in,
)
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_web_waves import text_of

from surveys.invitations import LinkKeys
from surveys.models import (
    AuditEvent,
    Contact,
    Invitation,
    MailEvent,
    OutgoingMail,
    Suppression,
    Wave,
)
from surveys.preferences import suppress
from surveys.terms import MailKind, MailState, Mode, Role, SuppressionReason, WaveState

UNCERTAIN = {"state": MailState.UNCERTAIN, "step": "dot", "n_uncertain": 1}
REFUSED = {
    "state": MailState.FAILED,
    "step": "rcpt",
    "reply_code": 552,
    "reply_text": "5.2.2 mailbox full",
}


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of a signed-in administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


@pytest.fixture
def run_id(session: Session, keys: LinkKeys) -> int:
    """An open confidential wave of two companies; its invitations wait in the outbox."""
    return opened(session, keys, Mode.CONFIDENTIAL)


def opened(session: Session, keys: LinkKeys, mode: Mode) -> int:
    """A run of two partner contacts and one of the staff, by its id."""
    run_id = open_survey(session, keys, mode=mode, companies=2, staff=1).id
    session.commit()
    return run_id


def first_mail(session: Session, run_id: int, **values: object) -> int:
    """The first partner's invitation, with these values; its id."""
    mail = session.scalars(
        select(OutgoingMail).where(OutgoingMail.wave_id == run_id).order_by(OutgoingMail.id)
    ).first()
    assert mail is not None
    for name, value in values.items():
        setattr(mail, name, value)
    mail_id = mail.id
    session.commit()
    return mail_id


def state_of(session: Session, mail_id: int) -> MailState:
    """What is stored of a mail now."""
    session.expire_all()
    state = session.get_one(OutgoingMail, mail_id).state
    session.rollback()
    return state


def add_mail(session: Session, like_id: int, kind: MailKind, state: MailState) -> int:
    """Another mail to the same person; its id."""
    like = session.get_one(OutgoingMail, like_id)
    mail = OutgoingMail(
        message_id=f"<{kind.value}@x.example>",
        kind=kind,
        invitation_id=like.invitation_id,
        wave_id=like.wave_id,
        locale="en",
        email=like.email,
        email_hash=like.email_hash,
        state=state,
        due_at=MONDAY,
        sent_at=MONDAY if state is MailState.SENT else None,
    )
    session.add(mail)
    session.flush()
    mail_id = mail.id
    session.commit()
    return mail_id


def decide(client: FlaskClient, mail_id: int, decision: str) -> str:
    """Press one of the two buttons; the words of the page that follows."""
    address = f"/mails/{mail_id}"
    data = {"csrf_token": csrf_token(client.get(address).text), "do": decision}
    return text_of(client.post(address, data=data, follow_redirects=True))


def test_every_invitation_is_listed_with_its_state(
    session: Session, alicja: FlaskClient, run_id: int
) -> None:
    first_mail(session, run_id, **REFUSED)

    everything = text_of(alicja.get(f"/waves/{run_id}/mails"))
    refused = alicja.get(f"/waves/{run_id}/mails?group=refused")

    assert "All 3 Waiting 2 Refused 1" in everything
    assert "3 mails" in everything
    assert "1 mail " in text_of(refused)
    assert "mailbox full" not in everything


def test_a_search_finds_by_name_and_company_and_says_when_nothing_fits(
    session: Session, alicja: FlaskClient, run_id: int
) -> None:
    mail = first_mail(session, run_id)
    contact = session.scalars(
        select(Contact)
        .join(Invitation)
        .join(OutgoingMail, OutgoingMail.invitation_id == Invitation.id)
        .where(OutgoingMail.id == mail)
    ).one()
    contact.first_name, contact.last_name, contact.search_key = "Łucja", "Żak", "lucja zak"
    session.commit()

    assert "Łucja Żak" in text_of(alicja.get(f"/waves/{run_id}/mails?q=zak"))
    nothing = text_of(alicja.get(f"/waves/{run_id}/mails?q=nobody"))
    assert "No mail fits" in nothing
    assert "Clear filters" in nothing


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.ANONYMOUS])
def test_no_single_mail_tells_who_has_answered_unless_it_is_in_trouble(
    session: Session, keys: LinkKeys, alicja: FlaskClient, mode: Mode
) -> None:
    run_id = opened(session, keys, mode)
    mail = first_mail(session, run_id)
    hidden = [
        add_mail(session, mail, MailKind.REMINDER_1, MailState.SENT),
        add_mail(session, mail, MailKind.THANKS, MailState.UNCERTAIN),
    ]
    troubled = add_mail(session, mail, MailKind.REMINDER_LAST, MailState.UNCERTAIN)

    page = text_of(alicja.get(f"/waves/{run_id}/mails"))

    assert "First reminder" not in page
    assert "Thank-you " not in page.partition("State")[2]
    assert "Last reminder" in page
    assert [alicja.get(f"/mails/{each}").status_code for each in hidden] == [404, 404]
    story = text_of(alicja.get(f"/mails/{troubled}"))
    assert "Answered" not in story
    assert "The person" not in story


def test_an_identified_survey_lists_every_mail_and_the_persons_days(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, Mode.IDENTIFIED)
    mail = first_mail(session, run_id)
    thanks = add_mail(session, mail, MailKind.THANKS, MailState.SENT)
    invitation = session.get_one(Invitation, session.get_one(OutgoingMail, mail).invitation_id)
    invitation.opened_on = invitation.started_on = invitation.answered_on = MONDAY.date()
    session.commit()

    story = text_of(alicja.get(f"/mails/{thanks}"))

    assert "Thank-you" in text_of(alicja.get(f"/waves/{run_id}/mails"))
    assert "Answered 8 February 2027" in story


def test_a_mail_shows_how_far_it_came_and_what_the_server_said(
    session: Session, alicja: FlaskClient, run_id: int
) -> None:
    mail = first_mail(session, run_id, **REFUSED, attempts=2)
    session.add(
        MailEvent(
            mail_id=mail,
            kind="soft",
            source="imap",
            source_key="1 1",
            status="4.2.2",
            created_at=MONDAY,
        )
    )
    session.commit()

    story = text_of(alicja.get(f"/mails/{mail}"))

    assert "Tries 2" in story
    assert "At the recipient&#39;s address" in story
    assert "552 5.2.2 mailbox full" in story
    assert "Came back for now 4.2.2" in story
    assert session.get_one(OutgoingMail, mail).message_id.strip("<>") in story
    session.rollback()


def test_an_uncertain_mail_is_sent_once_more_by_a_named_person(
    session: Session, alicja: FlaskClient, run_id: int
) -> None:
    mail = first_mail(session, run_id, **UNCERTAIN)

    said = decide(alicja, mail, "resend")

    assert "goes out once more" in said
    assert "Somebody of your team sent it once more" in said
    assert state_of(session, mail) is MailState.QUEUED
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "mail.resend")).one()
    assert event.object_id == mail
    session.rollback()


def test_a_mail_that_is_let_be_stays_uncertain_and_asks_no_more(
    session: Session, alicja: FlaskClient, run_id: int
) -> None:
    mail = first_mail(session, run_id, **UNCERTAIN)
    assert "to be decided" in text_of(alicja.get(f"/waves/{run_id}/mails"))

    said = decide(alicja, mail, "leave")

    assert "stays as it is" in said
    assert "Let it be" not in said
    assert state_of(session, mail) is MailState.UNCERTAIN
    assert "to be decided" not in text_of(alicja.get(f"/waves/{run_id}/mails"))
    assert "Nothing was changed" in decide(alicja, mail, "leave")


def test_a_second_click_or_a_mail_that_moved_on_changes_nothing(
    session: Session, alicja: FlaskClient, run_id: int
) -> None:
    mail = first_mail(session, run_id, **UNCERTAIN)
    decide(alicja, mail, "resend")

    assert "Nothing was changed" in decide(alicja, mail, "resend")
    token = csrf_token(alicja.get(f"/mails/{mail}").text)
    unknown = alicja.post(f"/mails/{mail}", data={"csrf_token": token, "do": "burn"})
    stale = alicja.post(f"/mails/{mail}", data={"do": "resend"})

    assert (unknown.status_code, stale.status_code) == (422, 422)
    assert len(session.scalars(select(MailEvent)).all()) == 1


def test_nothing_is_sent_once_more_after_the_wave_has_closed(
    session: Session, alicja: FlaskClient, run_id: int
) -> None:
    mail = first_mail(session, run_id, **UNCERTAIN)
    session.get_one(Wave, run_id).state = WaveState.CLOSED
    session.commit()

    page = text_of(alicja.get(f"/mails/{mail}"))

    assert "nothing is sent any more" in page
    assert "Send once more" not in page
    assert "Nothing was changed" in decide(alicja, mail, "resend")


def test_a_viewer_sees_no_mail_and_no_address_list(
    session: Session, client: FlaskClient, run_id: int
) -> None:
    mail = first_mail(session, run_id)
    make_user(session, "borys@nordvik.example", role=Role.VIEWER)
    session.commit()
    sign_in(client, "borys@nordvik.example")

    addresses = (f"/waves/{run_id}/mails", f"/mails/{mail}", "/contacts/stopped")
    assert [client.get(each).status_code for each in addresses] == [403, 403, 403]


def stop_by_click(session: Session, email: str = "anna@x.example") -> int:
    """Somebody of a partner unsubscribed; the id of the entry."""
    contact = make_contact(session, make_partner(session), email=email)
    assert contact.email_hash is not None
    suppress(
        session,
        contact.email_hash,
        email=email,
        reason=SuppressionReason.OPT_OUT,
        source="one_click",
        now=MONDAY,
    )
    session.commit()
    entry = session.scalars(select(Suppression.id)).one()
    session.rollback()
    return entry


def test_the_list_says_who_gets_no_mail_why_and_since_when(
    session: Session, alicja: FlaskClient
) -> None:
    assert "Everybody can be reached" in text_of(alicja.get("/contacts/stopped"))
    stop_by_click(session)

    page = text_of(alicja.get("/contacts/stopped"))

    assert "anna@x.example" in page
    assert "Unsubscribed in the mail program" in page
    assert "8 February 2027" in page
    assert "Nobody fits" in text_of(alicja.get("/contacts/stopped?reason=manual"))
    assert "anna@x.example" in text_of(alicja.get("/contacts/stopped?q=anna"))
    assert "Nobody fits" in text_of(alicja.get("/contacts/stopped?q=anna+nowhere"))


def test_an_entry_is_lifted_by_a_named_person_after_a_warning(
    session: Session, alicja: FlaskClient
) -> None:
    address = f"/contacts/stopped/{stop_by_click(session)}"
    confirm = alicja.get(address)
    assert "only if they asked you to" in text_of(confirm)

    done = alicja.post(
        address, data={"csrf_token": csrf_token(confirm.text)}, follow_redirects=True
    )

    entry = session.scalars(select(Suppression)).one()
    assert "The entry is lifted" in text_of(done)
    assert entry.lifted_at is not None
    assert entry.lifted_by_id is not None
    session.rollback()
    assert alicja.get(address).status_code == 404


def test_an_erased_person_stays_on_the_list(session: Session, alicja: FlaskClient) -> None:
    suppress(
        session, b"1" * 32, email=None, reason=SuppressionReason.ERASED, source="page", now=MONDAY
    )
    session.commit()
    entry = session.scalars(select(Suppression.id)).one()
    session.rollback()
    page = alicja.get(f"/contacts/stopped/{entry}")

    token = csrf_token(page.text)
    refused = alicja.post(f"/contacts/stopped/{entry}", data={"csrf_token": token})

    assert "cannot be lifted" in text_of(page)
    assert refused.status_code == 422
    session.expire_all()
    assert session.scalars(select(Suppression.lifted_at)).one() is None


def test_an_address_is_stopped_by_hand_and_a_wrong_one_is_named(
    session: Session, alicja: FlaskClient
) -> None:
    token = csrf_token(alicja.get("/contacts/stopped").text)

    def stop(email: str) -> str:
        data = {"csrf_token": token, "email": email}
        return text_of(alicja.post("/contacts/stopped", data=data, follow_redirects=True))

    assert "This is not an email address" in stop("anna")
    assert "Fill this in" in stop("")
    assert "gets no more survey mail" in stop(" Anna@X.example ")
    stop("anna@x.example")

    entry = session.scalars(select(Suppression)).one()
    assert (entry.email, entry.reason) == ("anna@x.example", SuppressionReason.MANUAL)
