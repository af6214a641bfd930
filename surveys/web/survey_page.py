"""What all who are asked in a wave see alike: the drawn survey page, and its frame."""

from dataclasses import dataclass

from flask import current_app, render_template
from wtforms import Form

from surveys.asked_questions import has_rules, is_kept_short, rule_for_page, ways_for_page
from surveys.db import db
from surveys.i18n import LANGUAGE_NAMES, use_locale
from surveys.models import SurveyVersion
from surveys.preferences import MAX_TOPIC_LENGTH
from surveys.promises import disclosure_text, promise_text
from surveys.question_bank import fill, load_bank
from surveys.question_shapes import PER_ROW
from surveys.question_types import (
    MAX_TEXT,
    PROMPT_LIMITS,
    SHOWN_MAX_TEXT,
    UNKNOWN,
    choices,
    end_labels,
    is_scale,
)
from surveys.questionnaires import Questionnaire, minutes_to_answer, read_questionnaire
from surveys.responses import Door
from surveys.terms import Audience, Mode
from surveys.vendor_colour import readable_vendor_colour
from surveys.web.response_form import build_response_form
from surveys.web.response_page import PageCache, PageWithSlots, cut, slot
from surveys.web.rule_words import condition_text

PAGES = "pulse survey pages"
#: Of types whose comments ask the same after every answer.
NO_LIMITS = (-1, 1000)


@dataclass(frozen=True, slots=True)
class SurveyPage:
    """All that the readers of a wave share in one language."""

    questionnaire: Questionnaire
    form: type[Form]
    html: PageWithSlots


def survey_page(door: Door, locale: str) -> SurveyPage:
    """The shared page of this wave and language, drawn at its first use."""
    vendor = door.vendor
    key = (door.wave_id, door.version_id, locale, door.min_people, door.min_companies, vendor)
    pages = current_app.extensions.setdefault(PAGES, PageCache())
    found = pages.get(key)
    if isinstance(found, SurveyPage):
        return found
    use_locale(locale)
    questionnaire = read_questionnaire(
        db.session(), door.version_id, audience=door.audience, locale=locale
    )
    html = render_template("respond/show.html", **_shared_context(door, questionnaire, locale))
    page = SurveyPage(questionnaire, build_response_form(questionnaire), cut(html))
    pages.keep(key, page)
    return page


def preview_html(door: Door, locale: str) -> str:
    """The page of a draft that has all its words; it stores nothing and sends nothing."""
    use_locale(locale)
    questionnaire = read_questionnaire(
        db.session(), door.version_id, audience=door.audience, locale=locale
    )
    html = render_template(
        "respond/show.html", **_shared_context(door, questionnaire, locale), is_preview=True
    )
    return cut(html).fill({"answered": "0"})


def _shared_context(door: Door, questionnaire: Questionnaire, locale: str) -> dict[str, object]:
    vendor = door.vendor
    bank = load_bank().page
    version = db.session.get_one(SurveyVersion, door.version_id)
    return {
        **frame(slot("token"), door),
        "locale": locale,
        "slot": slot,
        "questionnaire": questionnaire,
        "minutes": minutes_to_answer(db.session(), version, door.audience),
        "promise": promise_text(
            audience=door.audience,
            mode=door.mode,
            locale=locale,
            vendor=vendor.vendor,
            min_people=door.min_people,
            min_companies=door.min_companies,
            dimensions=door.dimensions,
            pooled_waves=door.pool_size,
        ),
        "disclosure": (
            disclosure_text(
                mode=door.mode, locale=locale, vendor=vendor.vendor, is_only_contact=False
            )
            if door.audience is Audience.PARTNER
            else None
        ),
        "filled_text": lambda text: fill(text, vendor=vendor.vendor),
        "choices": lambda item: choices(item, locale),
        "end_labels": lambda item: end_labels(item, locale),
        "prompt_limits": lambda item: PROMPT_LIMITS.get(item.type, NO_LIMITS),
        "has_rows": any(item.type in PER_ROW for item in questionnaire.items),
        "has_rules": has_rules(questionnaire.items),
        "rule_for_page": rule_for_page,
        "ways_for_page": ways_for_page,
        "is_kept_short": is_kept_short,
        "condition_text": lambda item: fill(
            condition_text(
                questionnaire, item, lambda each: choices(each, locale), bank.unknown[locale]
            ),
            vendor=vendor.vendor,
        ),
        "is_scale": is_scale,
        "unknown": UNKNOWN,
        "unknown_label": bank.unknown[locale],
        "text_hint": bank.text_hint[locale],
        "contact_topic": fill(bank.contact_topic[locale], vendor=vendor.vendor),
        "max_topic": MAX_TOPIC_LENGTH,
        "is_anonymous": door.mode is Mode.ANONYMOUS,
        "max_text": MAX_TEXT,
        "shown_max_text": SHOWN_MAX_TEXT,
    }


def frame(token: str, door: Door) -> dict[str, object]:
    """What the top and foot of every respondent page need."""
    return {
        "token": token,
        "door": door,
        "is_staff": door.audience is Audience.INTERNAL,
        "vendor": door.vendor,
        "vendor_colour": readable_vendor_colour(door.vendor.colour),
        "languages": [each for each in LANGUAGE_NAMES.items() if each[0] in door.locales],
    }
