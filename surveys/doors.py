"""The door behind a personal link: whose it is, and what its wave allows now.

The token in the address is the permission; there is no other. What is sent through the door is
stored by surveys/responses.py, what is not sent yet by surveys/drafts.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from surveys.db import Base
from surveys.errors import TokenUnknown, WaveNotOpen
from surveys.models import Invitation
from surveys.terms import Audience, Mode, PauseReason, WaveState
from surveys.tokens import hash_token, is_token
from surveys.workspace import KEY as WORKSPACE
from surveys.workspace import Workspace, workspace_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a personal link opens: the invitation, what its wave allows now, and who asks.

    `draft` is what was saved and not sent; `asked_in_company` counts the invitations of the
    person's company in this wave, their own included; `contact_version` is part of the link to the
    person's mail settings.
    """

    invitation_id: int
    wave_id: int
    survey_id: int
    version_id: int
    audience: Audience
    mode: Mode
    state: WaveState
    locale: str
    locales: tuple[str, ...]
    profile_no: int
    contact_id: int | None
    partner_id: int | None
    opens_at: datetime
    closes_at: datetime
    grace_until: datetime
    may_change: bool
    min_people: int
    min_companies: int
    dimensions: tuple[str, ...]
    pool_size: int
    time_zone: str
    opened_on: date | None
    started_on: date | None
    answered_on: date | None
    draft: Mapping[str, Any] | None
    asked_in_company: int
    contact_version: int | None
    vendor: Workspace

    def takes_answers(self, now: datetime) -> bool:
        """Whether an answer sent now is accepted: open, or in its grace time."""
        return self.state is WaveState.OPEN and self.opens_at <= now < self.grace_until

    def is_late(self, now: datetime) -> bool:
        """Whether an answer accepted now came after the close, in the grace time."""
        return now >= self.closes_at

    @property
    def is_used_up(self) -> bool:
        """Whether the link was used and nothing more can be done with it."""
        if self.answered_on is None:
            return False
        return self.mode is Mode.ANONYMOUS or not self.may_change


def open_door(session: Session, token: str) -> Door:
    """Find what a link opens; the token is the permission. Raises TokenUnknown."""
    if not is_token(token):
        raise TokenUnknown
    row = session.connection().execute(_DOOR, {"wanted": hash_token(token)}).one_or_none()
    if row is None:
        raise TokenUnknown
    return _door(row)


def require_open(door: Door, now: datetime) -> None:
    """Raise WaveNotOpen unless the wave takes answers now."""
    if not door.takes_answers(now):
        state = door.state if door.state is not WaveState.OPEN else WaveState.CLOSED
        raise WaveNotOpen(state.value)


def mark_opened(session: Session, door: Door, *, now: datetime) -> None:
    """Note the day of the first human act on an open page; never in anonymous mode."""
    if door.mode is Mode.ANONYMOUS or door.opened_on is not None or not door.takes_answers(now):
        return
    session.execute(
        update(Invitation)
        .where(Invitation.id == door.invitation_id, Invitation.opened_on.is_(None))
        .values(opened_on=now.date())
        .execution_options(synchronize_session=False)
    )


# Every page and every submit begins with this statement, so it is built once, on tables: building
# one from mapped classes at each request costs more than running it.
_INVITATIONS = Base.metadata.tables["invitations"]
_WAVES = Base.metadata.tables["waves"]
_SURVEYS = Base.metadata.tables["surveys"]
_CONTACTS = Base.metadata.tables["contacts"]
_DRAFTS = Base.metadata.tables["drafts"]
_SETTINGS = Base.metadata.tables["settings"]

_COLLEAGUES = _INVITATIONS.alias("colleagues")
_ASKED_IN_COMPANY = (
    select(func.count())
    .select_from(_COLLEAGUES)
    .where(
        _COLLEAGUES.c.wave_id == _INVITATIONS.c.wave_id,
        _COLLEAGUES.c.partner_id == _INVITATIONS.c.partner_id,
    )
    .correlate(_INVITATIONS)
    .scalar_subquery()
)

_DOOR = (
    select(
        _INVITATIONS.c.id.label("invitation_id"),
        *(
            _INVITATIONS.c[name]
            for name in (
                "locale",
                "profile_no",
                "contact_id",
                "partner_id",
                "opened_on",
                "started_on",
                "answered_on",
            )
        ),
        _WAVES.c.id.label("wave_id"),
        *(
            _WAVES.c[name]
            for name in (
                "survey_id",
                "version_id",
                "audience",
                "mode",
                "state",
                "opens_at",
                "closes_at",
                "grace_until",
                "pause_reason",
                "min_people",
                "min_companies",
                "dimensions",
                "pool_size",
            )
        ),
        _SURVEYS.c.locales,
        _SURVEYS.c.may_change,
        _SURVEYS.c.time_zone,
        _DRAFTS.c["values"].label("draft"),
        _ASKED_IN_COMPANY.label("asked_in_company"),
        _CONTACTS.c.token_version.label("contact_version"),
        _SETTINGS.c.value.label("vendor"),
    )
    .select_from(_INVITATIONS)
    .join(_WAVES, _WAVES.c.id == _INVITATIONS.c.wave_id)
    .join(_SURVEYS, _SURVEYS.c.id == _WAVES.c.survey_id)
    .outerjoin(_CONTACTS, _CONTACTS.c.id == _INVITATIONS.c.contact_id)
    .outerjoin(_DRAFTS, _DRAFTS.c.invitation_id == _INVITATIONS.c.id)
    .outerjoin(_SETTINGS, _SETTINGS.c.key == WORKSPACE)
    .where(_INVITATIONS.c.token_hash == bindparam("wanted"))
)


def _door(row: Any) -> Door:
    values = dict(row._mapping)
    values["dimensions"] = tuple(values["dimensions"])
    values["locales"] = tuple(values["locales"])
    values["vendor"] = workspace_from(values["vendor"])
    if values.pop("pause_reason") == PauseReason.MAIL_POLICY:
        # Trouble with our mails turns away nobody who has one already.
        values["state"] = WaveState.OPEN
    return Door(**values)
