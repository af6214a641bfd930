"""Who exists: the vendor, those who sign in, partners with their owners, contacts and staff."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from analysis.demo.writing import moment, table, write
from analysis.simulator import MAIL_MINUTE, Contact, Partner, StaffMember, Workspace
from surveys.accounts import add_user
from surveys.bulk import row_ids
from surveys.config import Settings
from surveys.email_addresses import normalise_email
from surveys.models import User
from surveys.search_keys import search_key
from surveys.terms import Audience, Role
from surveys.tokens import PREFERENCES, hash_token, identity_hash, make_token
from surveys.workspace import Workspace as VendorSettings
from surveys.workspace import save_workspace

ADMIN_NAME = "Anna Kowalczyk"
DAYS_BEFORE_FIRST_WAVE = 60
DAYS_BEFORE_ASKED = 14
"""A successor is recorded so many days before the first wave that asks them."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A contact or a colleague as the waves need them; `segments` are the dimensions' values."""

    id: int
    external_id: str
    email: str
    email_hash: bytes
    locale: str
    zone: ZoneInfo
    partner_id: int | None
    owner_id: int | None
    segments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who was stored, by external_id."""

    admin_id: int
    partners: Mapping[str, int]
    contacts: Mapping[str, Somebody]
    staff: Mapping[str, Somebody]


@dataclass(frozen=True, slots=True)
class _Company:
    id: int
    owner_id: int | None
    row: Partner

    @property
    def segments(self) -> dict[str, str]:
        return {
            "type": self.row.partner_type,
            "tier": self.row.tier,
            "region": self.row.region,
            "country": self.row.country,
            "size_band": self.row.size_band,
            "revenue_band": self.row.revenue_band,
        }


def admin_email(workspace: Workspace) -> str:
    """The address that the demo signs in with."""
    return f"anna.kowalczyk@{workspace.vendor_domain}"


def store_vendor(session: Session, workspace: Workspace, *, password: str, now: datetime) -> int:
    """Store the vendor's name and sender, and the administrator; the administrator's id."""
    admin = add_user(
        session,
        email=admin_email(workspace),
        name=ADMIN_NAME,
        role=Role.ADMIN,
        locale="en",
        password=password,
    )
    domain = workspace.vendor_domain
    settings = VendorSettings(
        # One word: the bank's sentences take it without inflection, in both languages.
        vendor=workspace.vendor_name.split()[0],
        sender_name=ADMIN_NAME,
        sender_email=f"partner.pulse@{domain}",
        reply_to=f"partners@{domain}",
        postal_address=f"{workspace.vendor_name}, ul. Przykładowa 12, 00-001 Warszawa",
    )
    save_workspace(session, settings, now=now, user_id=admin.id)
    session.flush()
    return admin.id


def store_people(
    session: Session, workspace: Workspace, settings: Settings, *, admin_id: int, zone: ZoneInfo
) -> Cast:
    """Store account managers, partners, staff and contacts, all that there will ever be."""
    users = _store_owners(session, workspace, admin_id)
    companies = _store_companies(session, workspace, users)
    ids = row_ids(session, table("contacts"))
    staff = {row.external_id: _colleague(row, next(ids), settings) for row in workspace.staff}
    contacts = {
        row.external_id: _contact(row, next(ids), companies[row.partner_id], settings)
        for row in workspace.contacts
    }
    write(session, "contacts", _staff_rows(workspace, staff, users, settings, zone))
    write(session, "contacts", _contact_rows(workspace, contacts, settings, zone))
    partners = {key: company.id for key, company in companies.items()}
    return Cast(admin_id, partners, contacts, staff)


def _store_owners(session: Session, workspace: Workspace, admin_id: int) -> dict[str, int]:
    """Account managers as users who own partners, by address; without a password nobody signs in.

    The simulator may have given one of the staff the administrator's name: then it is she.
    """
    users = {admin_email(workspace): admin_id}
    for row in workspace.staff:
        if row.is_account_manager and row.email not in users:
            user = User(
                email=row.email,
                name=f"{row.first_name} {row.last_name}",
                role=Role.MANAGER,
                locale=row.language,
            )
            session.add(user)
            session.flush()
            users[row.email] = user.id
    return users


def _store_companies(
    session: Session, workspace: Workspace, users: Mapping[str, int]
) -> dict[str, _Company]:
    ids = row_ids(session, table("partners"))
    owners = {row.external_id: users.get(row.email) for row in workspace.staff}
    companies = {
        row.external_id: _Company(next(ids), owners[row.account_manager], row)
        for row in workspace.partners
    }
    write(session, "partners", map(_company_row, companies.values()))
    return companies


def _company_row(company: _Company) -> dict[str, Any]:
    row = company.row
    return {
        "id": company.id,
        "external_id": row.external_id,
        "name": row.name,
        "search_key": search_key(row.name),
        "owner_id": company.owner_id,
        "attributes": {},
        **company.segments,
    }


def _colleague(row: StaffMember, contact_id: int, settings: Settings) -> Somebody:
    return Somebody(
        id=contact_id,
        external_id=row.external_id,
        email=row.email,
        email_hash=_hash(row.email, settings),
        locale=row.language,
        zone=ZoneInfo(row.time_zone),
        partner_id=None,
        owner_id=None,
        segments={"team": row.team},
    )


def _contact(row: Contact, contact_id: int, company: _Company, settings: Settings) -> Somebody:
    return Somebody(
        id=contact_id,
        external_id=row.external_id,
        email=row.email,
        email_hash=_hash(row.email, settings),
        locale=row.language,
        zone=ZoneInfo(row.time_zone),
        partner_id=company.id,
        owner_id=company.owner_id,
        segments=company.segments,
    )


def _staff_rows(
    workspace: Workspace,
    staff: Mapping[str, Somebody],
    users: Mapping[str, int],
    settings: Settings,
    zone: ZoneInfo,
) -> Iterator[dict[str, Any]]:
    created_at = moment(_known_since(workspace, 0), MAIL_MINUTE, zone)
    for row in workspace.staff:
        yield _person_row(row, staff[row.external_id], settings, created_at) | {
            "audience": Audience.INTERNAL,
            "user_id": users.get(row.email),
            "role": None,
            "team": row.team,
            "is_main": False,
        }


def _contact_rows(
    workspace: Workspace, contacts: Mapping[str, Somebody], settings: Settings, zone: ZoneInfo
) -> Iterator[dict[str, Any]]:
    for row in workspace.contacts:
        since = _known_since(workspace, row.joined_before_wave)
        created_at = moment(since, MAIL_MINUTE, zone)
        yield _person_row(row, contacts[row.external_id], settings, created_at) | {
            "audience": Audience.PARTNER,
            "user_id": None,
            "role": row.role,
            "team": None,
            "is_main": row.is_main,
        }


def _person_row(
    row: Contact | StaffMember, person: Somebody, settings: Settings, created_at: datetime
) -> dict[str, Any]:
    token = make_token(settings.secret_key, PREFERENCES, person.id, 1)
    return {
        "id": person.id,
        "external_id": row.external_id,
        "partner_id": person.partner_id,
        "email": row.email,
        "email_hash": person.email_hash,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "search_key": search_key(row.first_name, row.last_name, row.email),
        "locale": row.language,
        "time_zone": row.time_zone,
        "country": person.segments.get("country"),
        "job_title": row.job_title,
        "preferences_hash": hash_token(token),
        "token_version": 1,
        "attributes": {},
        "created_at": created_at,
    }


def _known_since(workspace: Workspace, joined_before_wave: int) -> date:
    opens_on = workspace.waves[joined_before_wave].opens_on
    days = DAYS_BEFORE_ASKED if joined_before_wave else DAYS_BEFORE_FIRST_WAVE
    return opens_on - timedelta(days=days)


def _hash(email: str, settings: Settings) -> bytes:
    key = normalise_email(email)
    if key is None:
        raise ValueError("the simulator made an address that is none")
    return identity_hash(settings.identity_key, key)
