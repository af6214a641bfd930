"""Questionnaires: a survey's start, its draft, what publishing refuses, and what it freezes."""

import pytest
from factories import MONDAY, make_user
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from surveys.errors import FieldError, NotFound
from surveys.models import (
    Driver,
    Question,
    Survey,
    SurveyVersion,
    VersionItem,
    Wording,
    WordingText,
)
from surveys.new_surveys import start_survey, time_zones
from surveys.question_bank import ProblemCode, load_bank
from surveys.questionnaire_pages import newest_version, questionnaire_page, survey_lines
from surveys.questionnaires import (
    QuestionnaireIncomplete,
    install_bank,
    minutes_to_answer,
    problems_of,
    publish_version,
    published_version,
    read_questionnaire,
)
from surveys.terms import Audience, Mode, SurveyStatus


def start(session: Session, **values: object) -> Survey:
    """A survey with its draft."""
    given = {
        "name": "Quarterly pulse",
        "mode": Mode.CONFIDENTIAL,
        "time_zone": "Europe/Warsaw",
        "template_key": "quarterly_pulse",
        "now": MONDAY,
    }
    return start_survey(session, **(given | values))  # type: ignore[arg-type] # mixed on purpose


def draft_of(session: Session, survey: Survey) -> SurveyVersion:
    """Its newest version."""
    version = newest_version(session, survey.id)
    assert version
    return version


def item_of(session: Session, version: SurveyVersion, code: str, audience: Audience) -> VersionItem:
    """One question of a version."""
    return session.scalars(
        select(VersionItem)
        .join(VersionItem.question)
        .where(
            VersionItem.version_id == version.id,
            VersionItem.audience == audience,
            Question.code == code,
        )
    ).one()


def remove_mirror(session: Session, version: SurveyVersion, code: str) -> None:
    """Staff are not asked this any more."""
    session.delete(item_of(session, version, code, Audience.INTERNAL))
    session.flush()
    session.expire_all()


def remove_text(
    session: Session, version: SurveyVersion, code: str, audience: Audience, locale: str
) -> None:
    """A wording loses one of its languages."""
    wording_id = item_of(session, version, code, audience).wording_id
    session.execute(
        delete(WordingText).where(
            WordingText.wording_id == wording_id, WordingText.locale == locale
        )
    )
    session.expire_all()


# --- starting -----------------------------------------------------------------------------------


def test_a_new_survey_has_a_complete_draft_for_both_audiences(session: Session) -> None:
    survey = start(session)

    version = draft_of(session, survey)

    assert (version.number, version.published_at) == (1, None)
    assert survey.status is SurveyStatus.DRAFT
    assert problems_of(session, version) == []
    for audience in Audience:
        asked = read_questionnaire(session, version.id, audience=audience, locale="pl")
        drivers = [item.driver for item in asked.items if item.driver]
        assert drivers == [driver.code for driver in load_bank().drivers]


def test_the_bank_is_installed_once(session: Session) -> None:
    start(session)
    before = session.scalar(select(func.count()).select_from(Wording))

    install_bank(session, load_bank())
    start(session, name="Another one")

    assert session.scalar(select(func.count()).select_from(Wording)) == before
    assert session.scalar(select(func.count()).select_from(Driver)) == 10


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({"name": "  "}, "name", "missing"),
        ({"name": "x" * 81}, "name", "too_long"),
        ({"time_zone": "Europe/Nowhere"}, "time_zone", "unknown"),
        ({"template_key": "monthly_pulse"}, "template_key", "unknown"),
    ],
)
def test_what_a_survey_cannot_start_with_is_named(
    session: Session, values: dict[str, object], field: str, reason: str
) -> None:
    with pytest.raises(FieldError) as caught:
        start(session, **values)

    assert (caught.value.field, caught.value.reason) == (field, reason)


def test_two_surveys_cannot_have_one_name(session: Session) -> None:
    start(session, name="Puls półroczny")

    with pytest.raises(FieldError) as caught:
        start(session, name=" puls  półroczny ".replace("p", "P", 1))

    assert caught.value.reason == "taken"


def test_the_short_name_is_plain_and_free(session: Session) -> None:
    names = ["Puls półroczny", "Puls – półroczny", "問い", "!"]

    slugs = [start(session, name=name).slug for name in names]

    assert slugs == ["puls-polroczny", "puls-polroczny-2", "survey", "survey-2"]


def test_time_zones_to_choose_from_are_places_and_utc() -> None:
    zones = time_zones()

    assert {"Europe/Warsaw", "America/New_York", "UTC"} <= set(zones)
    assert not any(zone.startswith(("Etc/", "posix/", "SystemV/")) for zone in zones)


def test_only_identified_surveys_ask_for_contact_among_the_questions(session: Session) -> None:
    codes = {
        mode: {
            item.code
            for item in read_questionnaire(
                session,
                draft_of(session, start(session, name=mode.value, mode=mode)).id,
                audience=Audience.PARTNER,
                locale="en",
            ).items
        }
        for mode in Mode
    }

    assert "contact" in codes[Mode.IDENTIFIED]
    assert codes[Mode.IDENTIFIED] - {"contact"} == codes[Mode.CONFIDENTIAL] == codes[Mode.ANONYMOUS]


def test_a_yearly_review_starts_complete_for_both_audiences(session: Session) -> None:
    version = draft_of(session, start(session, template_key="yearly_review"))

    assert problems_of(session, version) == []
    asked = {
        audience: [
            item.code
            for item in read_questionnaire(
                session, version.id, audience=audience, locale="en"
            ).items
        ]
        for audience in Audience
    }
    assert asked[Audience.PARTNER][:3] == ["sells_now", "role", "recommend"]
    assert asked[Audience.INTERNAL][-1] == "comment_unsaid"
    assert minutes_to_answer(session, version, Audience.PARTNER) == 8


# --- publishing ---------------------------------------------------------------------------------


def test_publishing_freezes_the_version_and_its_wordings_and_lets_the_survey_run(
    session: Session,
) -> None:
    user = make_user(session)
    survey = start(session)
    version = draft_of(session, survey)

    publish_version(session, version, now=MONDAY, user_id=user.id)
    session.commit()

    assert (version.published_at, version.published_by_id) == (MONDAY, user.id)
    assert survey.status is SurveyStatus.ACTIVE
    assert published_version(session, survey.id) is version
    frozen = session.scalars(
        select(Wording.frozen_at)
        .join(VersionItem, VersionItem.wording_id == Wording.id)
        .where(VersionItem.version_id == version.id)
    ).all()
    assert set(frozen) == {MONDAY}


def test_a_missing_mirror_is_refused_by_name(session: Session) -> None:
    survey = start(session)
    version = draft_of(session, survey)
    remove_mirror(session, version, "listening")

    with pytest.raises(QuestionnaireIncomplete) as caught:
        publish_version(session, version, now=MONDAY)

    found = {(each.code, each.question) for each in caught.value.problems}
    assert found == {(ProblemCode.MISSING_MIRROR, "listening")}
    assert str(caught.value) == "Question listening lacks its mirror."
    assert version.published_at is None
    assert survey.status is SurveyStatus.DRAFT


@pytest.mark.parametrize(
    ("audience", "locale", "words"),
    [
        (Audience.PARTNER, "en", "Question incentives lacks English for partners."),
        (Audience.PARTNER, "pl", "Question incentives lacks Polish for partners."),
        (Audience.INTERNAL, "en", "Question incentives lacks English for staff."),
        (Audience.INTERNAL, "pl", "Question incentives lacks Polish for staff."),
    ],
)
def test_a_missing_language_is_refused_by_name(
    session: Session, audience: Audience, locale: str, words: str
) -> None:
    version = draft_of(session, start(session))
    remove_text(session, version, "incentives", audience, locale)

    with pytest.raises(QuestionnaireIncomplete) as caught:
        publish_version(session, version, now=MONDAY)

    assert words in {str(problem) for problem in caught.value.problems}


def test_every_gap_is_named_at_once(session: Session) -> None:
    version = draft_of(session, start(session))
    remove_mirror(session, version, "listening")
    remove_text(session, version, "incentives", Audience.PARTNER, "pl")

    found = {each.question for each in problems_of(session, version)}

    assert {"listening", "incentives"} <= found


def test_a_language_that_the_survey_does_not_offer_may_be_missing(session: Session) -> None:
    survey = start(session)
    survey.locales = ["en"]
    version = draft_of(session, survey)
    remove_text(session, version, "incentives", Audience.PARTNER, "pl")

    assert problems_of(session, version) == []


def test_an_unknown_version_cannot_be_read(session: Session) -> None:
    with pytest.raises(NotFound):
        read_questionnaire(session, 10**6, audience=Audience.PARTNER, locale="en")


def test_the_promised_minutes_fit_the_template(session: Session) -> None:
    version = draft_of(session, start(session))

    for audience in Audience:
        assert 2 <= minutes_to_answer(session, version, audience) <= 3


# --- reading ------------------------------------------------------------------------------------


def test_a_page_shows_both_audiences_side_by_side_in_the_partners_order(session: Session) -> None:
    version = draft_of(session, start(session))

    page = questionnaire_page(session, version, locale="en", names_locale="pl")

    drivers = [row for row in page.rows if row.driver_position]
    assert [row.driver_position for row in drivers] == list(range(1, 11))
    assert all(row.partner and row.internal for row in drivers)
    assert page.rows[0].code == "recommend"
    assert drivers[0].driver_name == load_bank().driver("incentives").name["pl"]
    assert drivers[0].internal
    assert drivers[0].internal.heading == "Our partners would say that…"
    assert page.n_questions == {Audience.PARTNER: 13, Audience.INTERNAL: 13}
    assert page.minutes == {
        audience: minutes_to_answer(session, version, audience) for audience in Audience
    }


def test_a_page_shows_the_gaps_of_a_draft_instead_of_failing(session: Session) -> None:
    version = draft_of(session, start(session))
    remove_mirror(session, version, "listening")
    remove_text(session, version, "incentives", Audience.INTERNAL, "pl")

    page = questionnaire_page(session, version, locale="pl", names_locale="pl")

    rows = {row.code: row for row in page.rows}
    assert rows["listening"].internal is None
    assert rows["incentives"].internal
    assert rows["incentives"].internal.text is None
    assert rows["incentives"].partner
    assert rows["incentives"].partner.text
    assert {problem.question for problem in page.problems} >= {"listening", "incentives"}


def test_what_only_staff_are_asked_follows_the_question_before_it(session: Session) -> None:
    version = draft_of(session, start(session))
    session.delete(item_of(session, version, "solutions", Audience.PARTNER))
    session.flush()
    session.expire_all()

    page = questionnaire_page(session, version, locale="en", names_locale="en")

    codes = [row.code for row in page.rows]
    place = codes.index("solutions")
    assert codes[place - 1 : place + 2] == ["executive_backing", "solutions", "channel_people"]
    assert page.rows[place].partner is None


def test_reading_a_questionnaire_takes_a_few_statements(
    session: Session, statements: list[str]
) -> None:
    version = draft_of(session, start(session))
    session.commit()
    statements.clear()

    questionnaire_page(session, version, locale="en", names_locale="en")

    assert len([each for each in statements if each.startswith("SELECT")]) <= 20


def test_the_list_names_the_newest_version_of_each_survey(session: Session) -> None:
    first, second = start(session), start(session, name="Key partners", mode=Mode.IDENTIFIED)
    publish_version(session, draft_of(session, first), now=MONDAY)
    session.add(SurveyVersion(survey_id=first.id, number=2))
    session.flush()

    lines = {line.survey_id: line for line in survey_lines(session)}

    assert (lines[first.id].version_number, lines[first.id].published_at) == (2, None)
    assert (lines[second.id].version_number, lines[second.id].mode) == (1, Mode.IDENTIFIED)


def test_listing_surveys_takes_one_statement(session: Session, statements: list[str]) -> None:
    for number in range(3):
        start(session, name=f"Survey {number}")
    session.execute(update(Survey).values(status=SurveyStatus.ACTIVE))
    session.commit()
    statements.clear()

    survey_lines(session)

    assert len([each for each in statements if each.startswith("SELECT")]) == 1
