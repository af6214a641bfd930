"""The rows of a simulated workspace, as plain values that a loader can write anywhere.

Every row names others by their `external_id`, never by a database key. Days count from the day
a wave opens (0), waves from 0, months from the first month of the workspace (month 0 is a
January; earlier months are negative). Nothing here draws, counts or stores anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Language = Literal["pl", "en"]
PartnerType = Literal["reseller", "integrator", "msp", "distributor"]
Tier = Literal["gold", "silver", "registered"]
SizeBand = Literal["micro", "small", "medium", "large"]
RevenueBand = Literal["A", "B", "C"]
Role = Literal["owner", "sales", "technical", "marketing", "finance"]
Team = Literal["channel_sales", "marketing", "support", "management"]
Channel = Literal["invitation", "reminder_1", "reminder_last"]
State = Literal["bounced", "silent", "opened", "broke_off", "opted_out", "answered"]
BounceCause = Literal["unknown_user", "unknown_domain"]
Polarity = Literal["negative", "positive"]
Label = Literal["negative", "mixed", "neutral", "positive"]
Mode = Literal["confidential", "identified"]

DRIVERS: tuple[str, ...] = (
    "incentives",
    "executive_backing",
    "solutions",
    "channel_people",
    "no_sabotage",
    "listening",
    "marketing",
    "direct_rules",
    "owning_mistakes",
    "monitoring",
)
"""Codes of the ten drivers in locked order."""

QUESTIONS: tuple[str, ...] = (*DRIVERS, "recommend", "intent")
"""Codes of the twelve questions in the order of `Response.answers`."""

PRODUCT_LINES: tuple[str, ...] = (
    "Servers",
    "Storage",
    "Networking",
    "Security",
    "Backup",
    "Cloud",
    "Workstations",
    "Monitoring",
    "Support plans",
    "Training",
    "Telephony",
    "Printing",
)
"""What the invented vendor sells; a company buys three to nine of these."""

Answers = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner company; `account_manager` is the external_id of a `StaffMember`.

    `revenue_band` follows the orders of the twelve months before wave 0: A the top tenth, B the
    next three tenths, C the rest. `country` is an ISO 3166 code of two letters.
    """

    external_id: str
    name: str
    mail_domain: str
    partner_type: PartnerType
    tier: Tier
    region: str
    country: str
    language: Language
    size_band: SizeBand
    revenue_band: RevenueBand
    account_manager: str


@dataclass(frozen=True, slots=True)
class Contact:
    """One person at a partner.

    `joined_before_wave` is 0 for those known from the start, else the first wave that a
    successor was asked in. `left_before_wave` is the wave whose mail bounced first because the
    person had left (None: still there). `opted_out_in_wave` is the wave in which the person
    stopped all surveys; later waves do not ask.
    """

    external_id: str
    partner_id: str
    first_name: str
    last_name: str
    email: str
    language: Language
    role: Role
    job_title: str
    is_main: bool
    time_zone: str
    joined_before_wave: int
    left_before_wave: int | None
    opted_out_in_wave: int | None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One person of the vendor, asked what partners would say."""

    external_id: str
    first_name: str
    last_name: str
    email: str
    language: Language
    team: Team
    job_title: str
    is_account_manager: bool
    time_zone: str


@dataclass(frozen=True, slots=True)
class Wave:
    """One dated run of the survey for both audiences.

    Invitations leave on `opens_on`, reminders on the two `reminds_on` days, the last day is
    `closes_on`. `field_month` counts from month 0. Only the last wave of `large` is open.
    """

    number: int
    label: str
    field_month: int
    opens_on: date
    reminds_on: tuple[date, date]
    closes_on: date
    is_open: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """What became of one invitation; `contact_id` names a `Contact` or a `StaffMember`.

    silent: delivered and nothing more. opened: looked, gave no answer. broke_off: answered
    something, never sent it. opted_out: delivered, then stopped all surveys. `day` is that of
    the bounce, opening, breaking off, opting out or answering (None: silent). `channel` is the
    mail that led there, `bounce` why a mail came back.
    """

    contact_id: str
    state: State
    day: int | None
    channel: Channel | None
    bounce: BounceCause | None


@dataclass(frozen=True, slots=True)
class Mention:
    """A driver that a comment speaks of, and how."""

    driver: str
    polarity: Polarity


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with the truth that was planted in it.

    `question` is "comment" (the open question at the end) or the code of the driver under
    whose rating it stands. `label`, `mentions` and `quiet_exit` are truth: a loader must not
    store them beside the text.
    """

    question: str
    language: Language
    text: str
    label: Label
    mentions: tuple[Mention, ...]
    quiet_exit: bool


@dataclass(frozen=True, slots=True)
class Response:
    """One sent questionnaire.

    `answers` follows `QUESTIONS`; None is "don't know". Drivers are 1..5 (1 strongly disagree)
    and recommend 0..10 for both audiences. `intent` of a partner is 1 grow clearly, 2 grow
    slightly, 3 the same, 4 shrink slightly, 5 shrink clearly; of staff it is the guessed share
    of partners that will grow, in tenths 0..10. The form was opened on `day` at `minute` (of
    the day, local time of the person) and sent `seconds` later. `asks_for_contact`: the person
    agreed to be contacted; `contact_replied_after` working days (None: no reply so far).
    """

    contact_id: str
    language: Language
    channel: Channel
    day: int
    minute: int
    seconds: int
    answers: Answers
    asks_for_contact: bool
    contact_replied_after: int | None
    comment: Comment | None


@dataclass(frozen=True, slots=True)
class WaveRun:
    """Everything that happened in one wave; `responses` belong to invitations in `answered`."""

    wave: Wave
    invitations: tuple[Invitation, ...]
    responses: tuple[Response, ...]
    staff_invitations: tuple[Invitation, ...]
    staff_responses: tuple[Response, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What one partner ordered of one product line in one month (`month`: its first day)."""

    partner_id: str
    month: date
    product_line: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Action:
    """A promise of the vendor, done after wave `done_after_wave`; segment "" means all."""

    key: str
    title_en: str
    title_pl: str
    driver: str
    dimension: str
    segment: str
    done_after_wave: int
    done_on: date
