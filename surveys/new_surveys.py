"""From a name to a survey with its draft questionnaire.

Which templates can be chosen is decided here; what they ask is in the question bank.
"""

import re
import unicodedata
from datetime import datetime
from itertools import count
from zoneinfo import available_timezones

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.errors import FieldError
from surveys.models import Survey
from surveys.question_bank import load_bank
from surveys.questionnaires import create_survey, draft_from_template, install_bank
from surveys.search_keys import search_key
from surveys.terms import Mode

#: The short monthly pulse rotates its questions, which waves do not do yet.
OFFERED_TEMPLATES = ("quarterly_pulse", "yearly_review")
MAX_NAME_LENGTH = 80
_NO_WORD = re.compile(r"[^a-z0-9]+")


def start_survey(
    session: Session,
    *,
    name: str,
    mode: Mode,
    time_zone: str,
    template_key: str,
    now: datetime,
) -> Survey:
    """Add a survey with a draft questionnaire made from a template.

    Raises FieldError: `name` (`missing`, `too_long`, `taken`), `time_zone` or `template_key`
    (`unknown`).
    """
    title = " ".join(unicodedata.normalize("NFC", name).split())
    _check(session, title, time_zone, template_key)
    bank = load_bank()
    install_bank(session, bank)
    survey = create_survey(
        session,
        slug=_free_slug(session, title),
        name=title,
        mode=mode,
        time_zone=time_zone,
        now=now,
    )
    draft_from_template(session, survey, bank=bank, template_key=template_key)
    return survey


def time_zones() -> list[str]:
    """Zones to choose from: a place each, and UTC; what is kept for old systems is left out."""
    places = (
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    return [*sorted(z for z in available_timezones() if z.partition("/")[0] in places), "UTC"]


def _check(session: Session, title: str, time_zone: str, template_key: str) -> None:
    if not title:
        raise FieldError("name", "missing")
    if len(title) > MAX_NAME_LENGTH:
        raise FieldError("name", "too_long")
    # A second click on 'Create' must not make a second survey.
    if session.scalar(select(Survey.id).where(func.lower(Survey.name) == title.lower()).limit(1)):
        raise FieldError("name", "taken")
    if time_zone not in available_timezones():
        raise FieldError("time_zone", "unknown")
    if template_key not in OFFERED_TEMPLATES:
        raise FieldError("template_key", "unknown")


def _free_slug(session: Session, title: str) -> str:
    """A short name for commands and addresses: 'Puls półroczny' becomes puls-polroczny."""
    base = _NO_WORD.sub("-", search_key(title)).strip("-") or "survey"
    taken = set(session.scalars(select(Survey.slug).where(Survey.slug.startswith(base))))
    candidates = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(each for each in candidates if each not in taken)
