"""Who is asked in a wave, with which segments and link, and which mails that makes.

Everything is written in the transaction that opens the wave: the invitations, who was left out and
why, and one queued mail for each person, whose Message-ID is fixed from then on.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from surveys.models import (
    PARTNER_DIMENSIONS,
    Contact,
    Exclusion,
    Invitation,
    OutgoingMail,
    Partner,
    SegmentProfile,
    Suppression,
    Survey,
    Wave,
)
from surveys.segments import Person, Profiles, coarse_profiles, exact_profiles
from surveys.staggering import Stagger
from surveys.terms import Audience, MailKind, MailState, Mode
from surveys.tokens import ANSWER, hash_token, make_token

FIRST_MAIL = {
    Audience.PARTNER: MailKind.INVITATION,
    Audience.INTERNAL: MailKind.STAFF_INVITATION,
}
NOT_LEFT_YET = (MailState.QUEUED, MailState.DEFERRED, MailState.CLAIMED, MailState.IN_DATA)
#: One survey, or the column of a statement over several.
_SurveyId = int | InstrumentedAttribute[int]


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """What links and Message-IDs are made of; both come from the settings."""

    secret_key: str
    mail_domain: str


@dataclass(frozen=True, slots=True)
class Invited:
    """How many were asked in one wave, and how many were left out, by reason."""

    people: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AudienceSize:
    """How many of one audience would be asked now, of how many companies; the rest by reason."""

    people: int = 0
    companies: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Invitee:
    """One person whom a wave would ask, with the segment values it would freeze.

    `partner_id` is None for staff.
    """

    contact_id: int
    partner_id: int | None
    segments: Mapping[str, str]


def audience_sizes(
    session: Session, survey_ids: Sequence[int], *, now: datetime
) -> dict[tuple[int, Audience], AudienceSize]:
    """Whom a wave of each of these surveys would ask if it opened now; one statement for all."""
    people = (
        _candidates(Survey.id, now.date())
        .add_columns(Survey.id.label("survey_id"))
        .join(Survey, true())
        .where(Survey.id.in_(survey_ids))
        .subquery()
    )
    counted = session.execute(
        select(
            people.c.survey_id,
            people.c.audience,
            people.c.reason,
            func.count().label("people"),
            func.count(people.c.partner_id.distinct()).label("companies"),
        ).group_by(people.c.survey_id, people.c.audience, people.c.reason)
    ).all()
    return {
        (survey_id, audience): _size(
            [row for row in counted if row.survey_id == survey_id and row.audience is audience]
        )
        for survey_id in survey_ids
        for audience in Audience
    }


def invitees(session: Session, wave: Wave, *, now: datetime) -> list[Invitee]:
    """Whom this wave would ask if it opened now; it need not be stored, and nothing is."""
    asked = [row for row in _candidates_of(session, wave, now.date()) if not row.reason]
    profiles = _profiles(wave, asked)
    return [
        Invitee(row.id, row.partner_id, profiles.segments[profiles.numbers[row.id]])
        for row in asked
    ]


def invite(session: Session, wave: Wave, *, keys: LinkKeys, now: datetime) -> Invited:
    """Write the invitations, exclusions and first mails of a wave that is being opened."""
    candidates = _candidates_of(session, wave, now.date())
    left_out = {row.id: row.reason for row in candidates if row.reason}
    asked = [row for row in candidates if row.id not in left_out]
    _exclude(session, wave, left_out, now)
    if asked:
        profiles = _profiles(wave, asked)
        _store_profiles(session, wave, profiles)
        ids = _store_invitations(session, wave, asked, profiles)
        _store_token_hashes(session, ids.values(), keys)
        _queue_first_mails(session, wave, asked, ids, keys, now)
    reasons = list(left_out.values())
    return Invited(len(asked), {reason: reasons.count(reason) for reason in sorted(set(reasons))})


def answer_token(keys: LinkKeys, invitation_id: int, version: int) -> str:
    """The personal link token of an invitation."""
    return make_token(keys.secret_key, ANSWER, invitation_id, version)


def message_id(keys: LinkKeys, wave_id: int | None, subject: int | None) -> str:
    """A new Message-ID; it stays with its mail through every attempt."""
    return f"<{wave_id or 0}.{subject or 0}.{secrets.token_hex(12)}@{keys.mail_domain}>"


def queue_reminders(
    session: Session,
    wave: Wave,
    kind: MailKind,
    *,
    keys: LinkKeys,
    now: datetime,
    is_spread: bool = False,
) -> int:
    """Queue one reminder for everybody invited who has not answered and has none of this kind.

    Whether each is still needed is asked again when it is sent. `is_spread`: over as many days as
    the invitations, each as long after its invitation.
    """
    rows = session.execute(_to_remind(wave, kind, now).order_by(Invitation.id)).all()
    stagger = Stagger.of(session, wave, now) if is_spread else Stagger.none(now)
    mails = [_mail(wave, kind, row.id, row.locale, row, keys, stagger.due_for(row)) for row in rows]
    return _insert(session, mails)


def queue_mails(
    session: Session,
    wave: Wave,
    kind: MailKind,
    conditions: Sequence[ColumnElement[bool]],
    *,
    keys: LinkKeys,
    now: datetime,
    due_at: datetime | None = None,
) -> int:
    """Queue a mail for everybody invited who meets the conditions and has none of this kind.

    In the order of the invitations, which says nothing of when somebody answered.
    """
    people = _to_mail(wave, kind, now).where(*conditions).order_by(Invitation.id)
    rows = session.execute(people).all()
    return _queue(session, wave, kind, rows, keys=keys, now=due_at or now)


def count_to_remind(session: Session, wave: Wave, kind: MailKind, *, now: datetime) -> int:
    """How many mails `queue_reminders` would make."""
    rows = _to_remind(wave, kind, now).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def _queue(
    session: Session,
    wave: Wave,
    kind: MailKind,
    people: Sequence[Row[Any]],
    *,
    keys: LinkKeys,
    now: datetime,
) -> int:
    return _insert(
        session, [_mail(wave, kind, row.id, row.locale, row, keys, now) for row in people]
    )


def _insert(session: Session, mails: Sequence[Mapping[str, Any]]) -> int:
    if mails:
        session.execute(insert(OutgoingMail), mails)
    return len(mails)


def _to_remind(wave: Wave, kind: MailKind, now: datetime) -> Select[*tuple[Any, ...]]:
    # While the server takes nothing, invitation and reminder would pile up and leave together.
    invitation_waits = exists().where(
        OutgoingMail.invitation_id == Invitation.id,
        OutgoingMail.kind == FIRST_MAIL[wave.audience],
        OutgoingMail.state.in_(NOT_LEFT_YET),
    )
    return _to_mail(wave, kind, now).where(Invitation.answered_on.is_(None), ~invitation_waits)


def _to_mail(wave: Wave, kind: MailKind, now: datetime) -> Select[*tuple[Any, ...]]:
    """Everybody invited who can be mailed and has no mail of this kind yet."""
    has_one = exists().where(OutgoingMail.invitation_id == Invitation.id, OutgoingMail.kind == kind)
    return (
        select(
            Invitation.id,
            Invitation.locale,
            Contact.email,
            Contact.email_hash,
            Contact.first_name,
            Contact.partner_id,
        )
        .join(Contact, Contact.id == Invitation.contact_id)
        .outerjoin(Partner, Partner.id == Contact.partner_id)
        .where(
            Invitation.wave_id == wave.id,
            *_belongs(),
            _reason(wave.survey_id, now.date()).is_(None),
            ~has_one,
        )
    )


def _candidates_of(session: Session, wave: Wave, today: date) -> Sequence[Row[Any]]:
    return session.execute(
        _candidates(wave.survey_id, today)
        .where(Contact.audience == wave.audience)
        .order_by(Contact.id)
    ).all()


def _candidates(survey_id: _SurveyId, today: date) -> Select[*tuple[Any, ...]]:
    """Everybody who belongs to the programme; `reason` says why somebody is not asked."""
    columns = [getattr(Partner, name).label(f"partner_{name}") for name in PARTNER_DIMENSIONS]
    return (
        select(
            Contact.id,
            Contact.audience,
            Contact.partner_id,
            Contact.email,
            Contact.email_hash,
            Contact.first_name,
            Contact.locale,
            Contact.team,
            _reason(survey_id, today).label("reason"),
            *columns,
        )
        .select_from(Contact)
        .outerjoin(Partner, Partner.id == Contact.partner_id)
        .where(*_belongs())
    )


def _belongs() -> tuple[ColumnElement[bool], ...]:
    """Whether a person is there, and their company is in the programme."""
    return (
        Contact.left_on.is_(None),
        Contact.merged_into_id.is_(None),
        Partner.archived_at.is_(None),
        Partner.left_on.is_(None),
    )


def _reason(survey_id: _SurveyId, today: date) -> ColumnElement[str | None]:
    is_suppressed = exists().where(
        Suppression.email_hash == Contact.email_hash,
        Suppression.lifted_at.is_(None),
        or_(Suppression.survey_id.is_(None), Suppression.survey_id == survey_id),
    )
    return case(
        (Contact.email.is_(None), "no_address"),
        (is_suppressed, "suppressed"),
        (Contact.do_not_survey_until > today, "do_not_survey"),
    )


def _size(rows: Sequence[Row[Any]]) -> AudienceSize:
    asked = next((row for row in rows if row.reason is None), None)
    return AudienceSize(
        people=asked.people if asked else 0,
        companies=asked.companies if asked else 0,
        left_out={row.reason: row.people for row in rows if row.reason},
    )


def _exclude(session: Session, wave: Wave, left_out: Mapping[int, str], now: datetime) -> None:
    rows = [
        {"wave_id": wave.id, "contact_id": contact_id, "reason": reason, "created_at": now}
        for contact_id, reason in left_out.items()
    ]
    if rows:
        session.execute(insert(Exclusion), rows)


def _profiles(wave: Wave, asked: Sequence[Row[Any]]) -> Profiles:
    people = [
        Person(
            key=row.id,
            company=row.partner_id or -row.id,
            segments={name: _segment(row, name) for name in wave.dimensions},
        )
        for row in asked
    ]
    make = coarse_profiles if wave.mode is Mode.ANONYMOUS else exact_profiles
    return make(people, wave.dimensions)


def _segment(row: Row[Any], dimension: str) -> str:
    name = dimension if dimension == "team" else f"partner_{dimension}"
    return getattr(row, name) or ""


def _store_profiles(session: Session, wave: Wave, profiles: Profiles) -> None:
    session.execute(
        insert(SegmentProfile),
        [
            {"wave_id": wave.id, "profile_no": number, "segments": dict(segments)}
            for number, segments in enumerate(profiles.segments)
        ],
    )


def _store_invitations(
    session: Session, wave: Wave, asked: Sequence[Row[Any]], profiles: Profiles
) -> dict[int, int]:
    locales = wave.survey.locales
    rows = [
        {
            "wave_id": wave.id,
            "mode": wave.mode,
            "contact_id": row.id,
            "partner_id": row.partner_id,
            "profile_no": profiles.numbers[row.id],
            "locale": row.locale if row.locale in locales else locales[0],
        }
        for row in asked
    ]
    stored = session.execute(
        insert(Invitation).returning(Invitation.contact_id, Invitation.id), rows
    )
    return {contact_id: invitation_id for contact_id, invitation_id in stored if contact_id}


def _store_token_hashes(session: Session, ids: Any, keys: LinkKeys) -> None:
    session.execute(
        update(Invitation),
        [{"id": each, "token_hash": hash_token(answer_token(keys, each, 1))} for each in ids],
    )


def _queue_first_mails(
    session: Session,
    wave: Wave,
    asked: Sequence[Row[Any]],
    ids: Mapping[int, int],
    keys: LinkKeys,
    now: datetime,
) -> None:
    locales = wave.survey.locales
    kind = FIRST_MAIL[wave.audience]
    stagger = Stagger.of(session, wave, now)
    session.execute(
        insert(OutgoingMail),
        [
            _mail(
                wave,
                kind,
                ids[row.id],
                row.locale if row.locale in locales else locales[0],
                row,
                keys,
                stagger.due_for(row),
            )
            for row in asked
        ],
    )


def _mail(
    wave: Wave,
    kind: MailKind,
    invitation_id: int,
    locale: str,
    person: Any,
    keys: LinkKeys,
    now: datetime,
) -> dict[str, Any]:
    return {
        "message_id": message_id(keys, wave.id, invitation_id),
        "kind": kind,
        "invitation_id": invitation_id,
        "wave_id": wave.id,
        "locale": locale,
        "email": person.email,
        "email_hash": person.email_hash,
        "values": {"first_name": person.first_name},
        "state": MailState.QUEUED,
        "due_at": now,
    }
