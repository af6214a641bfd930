"""The two surveys of the demo with their published questionnaires, and the schedule to come."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from analysis.demo.writing import moment
from analysis.simulator import MAIL_MINUTE
from surveys.models import Survey, SurveyVersion
from surveys.question_bank import load_bank
from surveys.questionnaires import (
    create_survey,
    draft_from_template,
    install_bank,
    publish_version,
)
from surveys.recurrence import Frequency
from surveys.schedules import Reminders, ScheduleWish, save_schedule
from surveys.terms import Mode

ZONE = ZoneInfo("Europe/Warsaw")
TEMPLATE = "quarterly_pulse"
OPEN_DAYS = 17
GRACE_HOURS = 24
PREPARED_DAYS = 21
"""A survey is made ready so many days before its first wave."""

_TUESDAY = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """A survey of the demo before it is stored."""

    slug: str
    name: str
    mode: Mode
    dimensions: tuple[str, ...]


#: Company size would be a fourth dimension, of which sixty companies could show three quarters.
MAIN = Plan("partner-pulse", "Partner pulse", Mode.CONFIDENTIAL, ("type", "tier", "region"))
KEY_PARTNERS = Plan("key-partners", "Key partner review", Mode.IDENTIFIED, ("type", "tier"))


def store_survey(
    session: Session, plan: Plan, *, first_wave_on: date, user_id: int
) -> SurveyVersion:
    """Store a survey and publish its questionnaire some time before its first wave."""
    prepared_at = moment(first_wave_on - timedelta(days=PREPARED_DAYS), MAIL_MINUTE, ZONE)
    bank = load_bank()
    install_bank(session, bank)
    survey = create_survey(
        session,
        slug=plan.slug,
        name=plan.name,
        mode=plan.mode,
        time_zone=ZONE.key,
        now=prepared_at,
        policy={"dimensions": list(plan.dimensions)},
    )
    version = draft_from_template(session, survey, bank=bank, template_key=TEMPLATE)
    publish_version(session, version, now=prepared_at, user_id=user_id)
    session.flush()
    return version


def store_schedule(
    session: Session, survey: Survey, frequency: Frequency, *, now: datetime
) -> None:
    """Plan the next wave in the middle of the quarter after this one, and so on.

    The wave that is open now then has its quarter for itself, and is over before the next opens.
    """
    wish = ScheduleWish(
        frequency=frequency,
        is_by_weekday=True,
        starts_on=next_opening(now.astimezone(ZONE).date()),
        local_time=time(MAIL_MINUTE // 60, MAIL_MINUTE % 60),
        open_days=OPEN_DAYS,
        grace_hours=GRACE_HOURS,
        reminders=Reminders.BOTH,
    )
    save_schedule(session, survey, wish, now=now.astimezone(UTC))


def next_opening(today: date) -> date:
    """The second Tuesday of the middle month of the next quarter."""
    quarter = (today.month - 1) // 3 + 1
    year, month = (today.year + 1, 2) if quarter == 4 else (today.year, 3 * quarter + 2)
    eighth = date(year, month, 8)
    return eighth + timedelta(days=(_TUESDAY - eighth.weekday()) % 7)
