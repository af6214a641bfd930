"""Editing a questionnaire: version n+1 beside what runs, its questions and their words."""

from threading import Barrier, Thread

import pytest
from factories import MONDAY, make_survey
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from surveys.errors import FieldError, NotFound
from surveys.models import Question, Survey, SurveyVersion, Wording
from surveys.question_bank import ProblemCode
from surveys.questionnaire_drafts import (
    add_question,
    discard_draft,
    draft_of,
    line_of,
    lines_of,
    move_question,
    put_back,
    remove_question,
    start_draft,
)
from surveys.questionnaires import (
    QuestionnaireIncomplete,
    problems_of,
    publish_version,
    published_version,
    read_questionnaire,
)
from surveys.terms import Audience, QuestionKind, QuestionStatus, QuestionType
from surveys.wording_edits import Words, add_own_question, restore_standard, save_wordings

PARTNER, INTERNAL = Audience.PARTNER, Audience.INTERNAL
OWN = {
    PARTNER: {
        "en": Words(text="Which of our portals do you use?", labels=("Orders", "Training")),
        "pl": Words(text="Jakie portale Państwo znają?", labels=("Zamówienia", "Szkolenia")),
    }
}


def edit(session: Session) -> tuple[Survey, SurveyVersion]:
    """A survey whose first version is published, with its draft of the second."""
    survey = make_survey(session)
    return survey, start_draft(session, survey)


def codes(session: Session, version: SurveyVersion, audience: Audience = PARTNER) -> list[str]:
    """What one audience is asked, in order."""
    asked = read_questionnaire(session, version.id, audience=audience, locale="en")
    return [item.code for item in asked.items]


def text_in(session: Session, version: SurveyVersion, code: str, audience: Audience) -> str:
    """How a question reads in English."""
    item = read_questionnaire(session, version.id, audience=audience, locale="en").item(code)
    assert item
    return item.text


def wording_in(
    session: Session, version: SurveyVersion, code: str, audience: Audience = PARTNER
) -> Wording:
    """The wording that one audience gets."""
    _, line = line_of(session, version, code)
    return session.get_one(Wording, line.places[audience].wording_id)


# --- versions -----------------------------------------------------------------------------------


def test_editing_a_live_questionnaire_makes_the_next_version_and_leaves_the_live_one(
    session: Session,
) -> None:
    survey, draft = edit(session)
    published = published_version(session, survey.id)
    assert published
    before = codes(session, published)

    remove_question(session, draft, "marketing")
    session.commit()

    assert draft.number == published.number + 1
    assert codes(session, published) == before
    assert codes(session, draft) == [code for code in before if code != "marketing"]
    assert codes(session, draft, INTERNAL) == codes(session, draft)


def test_there_is_one_draft_however_often_editing_starts(session: Session) -> None:
    survey, draft = edit(session)

    assert start_draft(session, survey) is draft


def test_a_discarded_draft_leaves_what_is_published(session: Session) -> None:
    survey, draft = edit(session)
    remove_question(session, draft, "marketing")

    discard_draft(session, survey)
    session.commit()

    with pytest.raises(NotFound):
        draft_of(session, survey)
    assert "marketing" in [each.code for each in lines_of(session, start_draft(session, survey).id)]


def test_publishing_the_draft_makes_it_what_waves_ask(session: Session) -> None:
    survey, draft = edit(session)
    move_question(session, draft, "intent", by=-5)

    publish_version(session, draft, now=MONDAY)
    session.commit()

    assert published_version(session, survey.id) is draft


# --- questions ----------------------------------------------------------------------------------


def test_a_question_moves_for_both_audiences(session: Session) -> None:
    _, draft = edit(session)
    before = codes(session, draft)

    move_question(session, draft, before[3], by=-1)

    expected = [*before[:2], before[3], before[2], *before[4:]]
    assert codes(session, draft) == codes(session, draft, INTERNAL) == expected


def test_the_first_question_cannot_move_further_up(session: Session) -> None:
    _, draft = edit(session)
    before = codes(session, draft)

    move_question(session, draft, before[0], by=-1)

    assert codes(session, draft) == before


def test_a_removed_question_is_put_back_where_it_stood_with_its_words(session: Session) -> None:
    _, draft = edit(session)
    words = {PARTNER: {"en": Words(text="{v} listens to us.")}}
    save_wordings(session, draft, "listening", words=words)
    before = lines_of(session, draft.id)

    removed = remove_question(session, draft, "listening")
    assert len(lines_of(session, draft.id)) == len(before) - 1
    put_back(session, draft, removed)

    assert lines_of(session, draft.id) == before
    with pytest.raises(FieldError):
        put_back(session, draft, removed)


def test_a_question_of_the_bank_joins_after_its_kind(session: Session) -> None:
    _, draft = edit(session)

    add_question(session, draft, "incentives_2")
    add_question(session, draft, "importance_marketing")

    asked = codes(session, draft)
    assert asked[asked.index("incentives_2") - 1] == "monitoring"
    assert asked.index("intent") < asked.index("importance_marketing") < asked.index("comment")
    assert codes(session, draft, INTERNAL) == asked


def test_what_cannot_be_added_is_told(session: Session) -> None:
    _, draft = edit(session)
    retired = session.scalars(select(Question).where(Question.code == "incentives_1")).one()
    retired.status = QuestionStatus.RETIRED

    for code, reason in (
        ("incentives", "asked"),
        ("nonsense", "unknown"),
        ("incentives_1", "retired"),
    ):
        with pytest.raises(FieldError) as caught:
            add_question(session, draft, code)
        assert caught.value.reason == reason


def test_leaving_the_method_is_advice_and_a_missing_mirror_is_not(session: Session) -> None:
    _, draft = edit(session)
    remove_question(session, draft, "marketing")
    move_question(session, draft, "intent", by=-20)
    add_own_question(
        session,
        draft,
        type_=QuestionType.AGREE5,
        driver="marketing",
        words={PARTNER: {"en": Words(text="{v} helps."), "pl": Words(text="{v} pomaga.")}},
        allows_unknown=True,
    )

    with pytest.raises(QuestionnaireIncomplete) as caught:
        publish_version(session, draft, now=MONDAY)

    assert {each.code for each in caught.value.problems} == {ProblemCode.MISSING_MIRROR}
    assert {each.code for each in problems_of(session, draft) if each.is_advice} == {
        ProblemCode.DRIVER_NOT_ASKED,
        ProblemCode.WRONG_ORDER,
    }


def test_two_people_who_edit_at_once_lose_nothing(engine: Engine, session: Session) -> None:
    survey, draft = edit(session)
    survey_id, draft_id = survey.id, draft.id
    session.commit()
    added = ["incentives_1", "listening_1", "marketing_1", "role"]
    gate = Barrier(len(added))

    def add(code: str) -> None:
        with Session(engine) as own:
            gate.wait()
            add_question(own, draft_of(own, own.get_one(Survey, survey_id)), code)
            own.commit()

    threads = [Thread(target=add, args=(code,)) for code in added]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    asked = [line.code for line in lines_of(session, draft_id)]
    assert set(added) <= set(asked)
    assert len(asked) == len(set(asked)) == 17


# --- words --------------------------------------------------------------------------------------


def test_changed_words_start_a_new_line_and_leave_the_published_ones(session: Session) -> None:
    survey, draft = edit(session)
    published = published_version(session, survey.id)
    assert published
    before = text_in(session, published, "listening", PARTNER)
    mirror = wording_in(session, draft, "listening", INTERNAL)

    save_wordings(
        session, draft, "listening", words={PARTNER: {"en": Words(text="{v} listens to us.")}}
    )
    session.commit()

    assert text_in(session, draft, "listening", PARTNER) == "{v} listens to us."
    assert text_in(session, published, "listening", PARTNER) == before
    assert wording_in(session, draft, "listening").series == 2
    assert wording_in(session, draft, "listening", INTERNAL) is mirror


def test_words_changed_twice_and_then_back_are_the_old_line(session: Session) -> None:
    survey, draft = edit(session)
    published = published_version(session, survey.id)
    assert published
    before = text_in(session, published, "listening", PARTNER)

    series = []
    for text in ("{v} listens.", "{v} really listens.", before):
        save_wordings(session, draft, "listening", words={PARTNER: {"en": Words(text=text)}})
        series.append(wording_in(session, draft, "listening").series)

    assert series == [2, 2, 1]


def test_the_same_words_saved_again_change_nothing(session: Session) -> None:
    _, draft = edit(session)
    wording = wording_in(session, draft, "incentives")
    texts = {text.locale: text for text in wording.texts}

    save_wordings(
        session,
        draft,
        "incentives",
        words={PARTNER: {"en": Words(text=texts["en"].text, prompts=texts["en"].prompts or {})}},
        reason=(wording.warnings_confirmed or {})["several_claims"],
    )

    assert wording_in(session, draft, "incentives") is wording


def test_the_standard_words_come_back(session: Session) -> None:
    _, draft = edit(session)
    standard = wording_in(session, draft, "listening")
    save_wordings(session, draft, "listening", words={PARTNER: {"en": Words(text="Other.")}})

    restore_standard(session, draft, "listening")

    assert wording_in(session, draft, "listening") is standard


def test_another_survey_starts_from_the_standard_words(session: Session) -> None:
    _, draft = edit(session)
    save_wordings(session, draft, "listening", words={PARTNER: {"en": Words(text="Other.")}})
    session.commit()

    other = make_survey(session, name="Another", slug="another")
    version = published_version(session, other.id)
    assert version

    assert text_in(session, version, "listening", PARTNER) != "Other."


def test_an_emptied_language_blocks_publishing_by_name(session: Session) -> None:
    _, draft = edit(session)
    save_wordings(session, draft, "listening", words={INTERNAL: {"pl": Words(text="")}})

    with pytest.raises(QuestionnaireIncomplete) as caught:
        publish_version(session, draft, now=MONDAY)

    assert "Question listening lacks Polish for staff." in str(caught.value)


def test_two_claims_may_stand_with_a_reason(session: Session) -> None:
    _, draft = edit(session)
    words = {PARTNER: {"en": Words(text="{v} is quick and friendly.")}}

    save_wordings(session, draft, "listening", words=words)
    codes_before = {each.code for each in problems_of(session, draft)}
    save_wordings(session, draft, "listening", words=words, reason="One thing in our trade.")

    assert ProblemCode.SEVERAL_CLAIMS in codes_before
    assert problems_of(session, draft) == []


@pytest.mark.parametrize(
    ("words", "field", "reason"),
    [
        (Words(text="x" * 501), "text.partner.en", "too_long"),
        (Words(text="x", labels=("y",) * 31), "labels.partner.en", "too_many"),
    ],
)
def test_words_without_measure_are_refused(
    session: Session, words: Words, field: str, reason: str
) -> None:
    _, draft = edit(session)

    with pytest.raises(FieldError) as caught:
        save_wordings(session, draft, "comment", words={PARTNER: {"en": words}})

    assert (caught.value.field, caught.value.reason) == (field, reason)


# --- questions of one's own ---------------------------------------------------------------------


def test_a_question_of_ones_own_is_asked_with_its_answers(session: Session) -> None:
    _, draft = edit(session)

    code = add_own_question(
        session, draft, type_=QuestionType.MANY, driver=None, words=OWN, allows_unknown=True
    )
    session.commit()

    item = read_questionnaire(session, draft.id, audience=PARTNER, locale="pl").item(code)
    assert item
    assert (code, item.type, item.kind) == ("own_1", QuestionType.MANY, QuestionKind.OUTCOME)
    assert [(each.value, each.label) for each in item.options] == [
        (1, "Zamówienia"),
        (2, "Szkolenia"),
    ]
    assert code not in codes(session, draft, INTERNAL)
    assert [each for each in problems_of(session, draft) if not each.is_advice] == []


def test_another_survey_can_ask_it_too_and_change_its_own_words(session: Session) -> None:
    _, draft = edit(session)
    code = add_own_question(
        session, draft, type_=QuestionType.ONE, driver=None, words=OWN, allows_unknown=False
    )
    other = start_draft(session, make_survey(session, name="Another", slug="another"))

    add_question(session, other, code)
    new = Words(text="Which portal?", labels=("Orders", "Training", "None"))
    save_wordings(session, other, code, words={PARTNER: {"en": new}})

    assert text_in(session, draft, code, PARTNER) == "Which of our portals do you use?"
    assert text_in(session, other, code, PARTNER) == "Which portal?"
    missing = {each.code for each in problems_of(session, other)}
    assert ProblemCode.MISSING_ANSWERS in missing


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({"type_": QuestionType.TICK}, "type", "unknown"),
        ({"driver": "incentives"}, "driver", "unknown"),
        ({"driver": "nothing", "type_": QuestionType.AGREE5}, "driver", "unknown"),
        ({"words": {PARTNER: {"en": Words(text="")}}}, "text", "missing"),
        (
            {"words": {PARTNER: {"en": Words(text="Which?", labels=("One",))}}},
            "labels.partner.en",
            "too_few",
        ),
    ],
)
def test_an_impossible_question_is_refused_at_its_field(
    session: Session, values: dict[str, object], field: str, reason: str
) -> None:
    _, draft = edit(session)
    given = {"type_": QuestionType.ONE, "driver": None, "words": OWN, "allows_unknown": False}

    with pytest.raises(FieldError) as caught:
        add_own_question(session, draft, **(given | values))  # type: ignore[arg-type] # mixed on purpose

    assert (caught.value.field, caught.value.reason) == (field, reason)
