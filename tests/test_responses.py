"""What a respondent sends and what is kept of it, below the pages."""

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from factories import MONDAY, links_of, open_survey
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from surveys.asked_questions import not_asked
from surveys.drafts import save_draft, saved_answers, sent_answers
from surveys.errors import AlreadyAnswered, NothingAnswered, TokenUnknown, WaveNotOpen
from surveys.invitations import LinkKeys, answer_token
from surveys.models import Answer, Draft, InboxResponse, Invitation, Response, Wave
from surveys.question_types import UNKNOWN, allowed_values, has_values
from surveys.questionnaires import Item, Option, Questionnaire, read_questionnaire
from surveys.responses import (
    TICKED,
    Door,
    Filled,
    mark_opened,
    open_door,
    record_response,
)
from surveys.terms import Audience, Channel, Mode, QuestionKind, QuestionType, WaveState
from surveys.web.response_form import build_response_form, filled_from, posted_form
from surveys.web.response_page import answered_count, cut, slot, slots_for

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def door_of(
    session: Session,
    keys: LinkKeys,
    mode: Mode = Mode.CONFIDENTIAL,
    template: str = "quarterly_pulse",
) -> Door:
    """A door of somebody who was asked now."""
    run = open_survey(session, keys, mode=mode, companies=6, template=template)
    return open_door(session, links_of(session, keys, run.partner)[1])


def questions_of(session: Session, door: Door) -> Questionnaire:
    return read_questionnaire(session, door.version_id, audience=door.audience, locale="en")


def send(session: Session, door: Door, filled: Filled, now: datetime = MONDAY) -> None:
    """Send a response and commit, as the page does."""
    record_response(
        session,
        door,
        questions_of(session, door),
        filled,
        locale="en",
        channel=Channel.EMAIL,
        now=now,
    )
    session.commit()


def keep(session: Session, door: Door, filled: Filled, now: datetime = MONDAY) -> None:
    """Save a draft and commit."""
    save_draft(
        session,
        door,
        questions_of(session, door),
        filled,
        locale="en",
        channel=Channel.LINK,
        now=now,
    )
    session.commit()


def reopened(session: Session, keys: LinkKeys, door: Door) -> Door:
    return open_door(session, answer_token(keys, door.invitation_id, 1))


# The door


def test_a_token_opens_its_own_invitation_and_no_other_text_opens_any(
    session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys)
    tokens = links_of(session, keys, run.partner)

    doors = [open_door(session, token) for token in tokens]

    assert len({door.invitation_id for door in doors}) == len(tokens)
    for wrong in ("", tokens[0][:-1], tokens[0] + "=", tokens[0].swapcase(), "x" * 22, "\x00" * 22):
        with pytest.raises(TokenUnknown):
            open_door(session, wrong)


def test_a_higher_token_version_kills_the_old_link(session: Session, keys: LinkKeys) -> None:
    door = door_of(session, keys)
    new = answer_token(keys, door.invitation_id, 2)

    assert new != answer_token(keys, door.invitation_id, 1)
    with pytest.raises(TokenUnknown):
        open_door(session, new)


@on_sqlite
def test_answers_are_taken_from_the_opening_until_the_grace_time_ends(
    session: Session, keys: LinkKeys
) -> None:
    door = door_of(session, keys)
    second = timedelta(seconds=1)

    assert not door.takes_answers(door.opens_at - second)
    assert door.takes_answers(door.opens_at)
    assert not door.is_late(door.closes_at - second)
    assert door.is_late(door.closes_at)
    assert not door.takes_answers(door.grace_until)


@on_sqlite
@pytest.mark.parametrize("state", [state for state in WaveState if state is not WaveState.OPEN])
def test_only_an_open_wave_takes_answers(
    session: Session, keys: LinkKeys, state: WaveState
) -> None:
    door = door_of(session, keys)
    session.execute(update(Wave).values(state=state))
    session.commit()
    door = reopened(session, keys, door)
    filled = Filled(values={"recommend": ["8"]})

    with pytest.raises(WaveNotOpen):
        send(session, door, filled)
    with pytest.raises(WaveNotOpen):
        keep(session, door, filled)
    mark_opened(session, door, now=MONDAY)
    assert session.scalar(select(func.count(Invitation.opened_on))) == 0


# Sending


def test_the_response_has_its_invitations_key_and_hides_nothing_unsaid(
    session: Session, keys: LinkKeys
) -> None:
    door = door_of(session, keys)

    send(session, door, Filled(values={"recommend": ["0"], "incentives": [UNKNOWN], "intent": []}))

    response = session.scalars(select(Response)).one()
    assert response.id == door.invitation_id
    assert (response.is_late, response.changed_at) == (False, None)
    rows = session.execute(select(Answer.response_id, Answer.item, Answer.value)).all()
    assert sorted(rows, key=repr) == sorted(
        [(door.invitation_id, 0, 0), (door.invitation_id, 0, None)], key=repr
    )


def test_a_first_response_of_nothing_leaves_no_mark(session: Session, keys: LinkKeys) -> None:
    door = door_of(session, keys)

    for nothing in (Filled(), Filled(values={"recommend": []}, texts={"comment": " \n"})):
        with pytest.raises(NothingAnswered):
            send(session, door, nothing)

    assert session.scalar(select(func.count(Invitation.answered_on))) == 0


def test_a_change_replaces_the_response_as_a_whole(session: Session, keys: LinkKeys) -> None:
    door = door_of(session, keys)
    first = Filled(
        values={"recommend": ["8"], "incentives": ["2"]},
        texts={"comment": "one", "incentives_why": "two"},
    )
    second = Filled(values={"recommend": ["3"]}, texts={"comment": "three"})
    send(session, door, first)
    questions = questions_of(session, door)
    door = reopened(session, keys, door)
    assert sent_answers(session, door, questions).values == first.values

    send(session, door, second, MONDAY + DAY)

    assert saved_answers(session, reopened(session, keys, door), questions) == second


def test_the_second_of_two_submits_changes_the_first_and_loses_nothing(
    session: Session, keys: LinkKeys
) -> None:
    # Both pages were opened before either was sent: neither knows of the other.
    door = door_of(session, keys)
    send(session, door, Filled(values={"recommend": ["8"]}))

    send(session, door, Filled(values={"recommend": ["9"]}), MONDAY + DAY)

    response = session.scalars(select(Response)).one()
    assert response.submitted_at == MONDAY
    assert response.changed_at == MONDAY + DAY
    assert session.scalars(select(Answer.value)).all() == [9]


@on_sqlite
def test_one_persons_response_touches_no_other_invitation(session: Session, keys: LinkKeys) -> None:
    door = door_of(session, keys)

    keep(session, door, Filled(values={"recommend": ["1"]}))
    send(session, door, Filled(values={"recommend": ["8"]}))

    marked = session.scalars(
        select(Invitation.id).where(
            Invitation.answered_on.is_not(None)
            | Invitation.started_on.is_not(None)
            | Invitation.opened_on.is_not(None)
        )
    ).all()
    assert marked == [door.invitation_id]


def test_anonymous_answers_wait_in_the_inbox_without_a_link(
    session: Session, keys: LinkKeys
) -> None:
    door = door_of(session, keys, Mode.ANONYMOUS)
    questions = questions_of(session, door)
    ids = {item.code: str(item.question_id) for item in questions.items}

    send(
        session,
        door,
        Filled(values={"recommend": ["8"], "listening": [UNKNOWN]}, texts={"comment": "slow"}),
    )

    waiting = session.scalars(select(InboxResponse)).one()
    assert len(waiting.id) == 16
    assert waiting.values == {ids["recommend"]: {"0": 8}, ids["listening"]: {"0": None}}
    assert waiting.comments == {ids["comment"]: "slow"}
    assert waiting.profile_no == door.profile_no
    for again in (door, reopened(session, keys, door)):
        with pytest.raises(AlreadyAnswered):
            send(session, again, Filled(values={"recommend": ["0"]}))
        session.rollback()
    assert saved_answers(session, door, questions) == Filled()


def test_an_anonymous_person_has_no_draft(session: Session, keys: LinkKeys) -> None:
    door = door_of(session, keys, Mode.ANONYMOUS)

    with pytest.raises(AlreadyAnswered):
        keep(session, door, Filled(values={"recommend": ["8"]}))

    assert session.scalar(select(func.count()).select_from(Draft)) == 0


# Drafts


def test_two_tabs_fill_one_draft_field_by_field(session: Session, keys: LinkKeys) -> None:
    door = door_of(session, keys)

    keep(session, door, Filled(values={"recommend": ["8"], "incentives": ["1"]}))
    keep(session, door, Filled(values={"incentives": ["2"]}, texts={"comment": "slow"}))
    keep(session, door, Filled(texts={"comment": "slower"}), MONDAY + DAY)

    door = reopened(session, keys, door)
    assert saved_answers(session, door, questions_of(session, door)) == Filled(
        values={"recommend": ["8"], "incentives": ["2"]}, texts={"comment": "slower"}
    )
    draft = session.scalars(select(Draft)).one()
    assert (draft.started_at, draft.saved_at) == (MONDAY, MONDAY + DAY)
    mark = session.get_one(Invitation, door.invitation_id)
    assert mark.started_on == mark.opened_on == MONDAY.date()


def test_tabs_that_save_at_the_same_moment_lose_nothing(
    engine: Engine, session: Session, keys: LinkKeys
) -> None:
    door = door_of(session, keys)
    questions = questions_of(session, door)
    session.commit()
    codes = [item.code for item in questions.items if item.type is QuestionType.AGREE5]
    gate = threading.Barrier(len(codes))

    def tab(code: str) -> None:
        with Session(engine) as own:
            gate.wait()
            keep(own, door, Filled(values={code: ["4"]}))

    threads = [threading.Thread(target=tab, args=(code,)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    door = reopened(session, keys, door)
    assert saved_answers(session, door, questions).values == {code: ["4"] for code in codes}


@on_sqlite
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_what_is_sent_is_what_is_shown_again(
    session: Session, keys: LinkKeys, data: st.DataObject
) -> None:
    door = _yearly_door(session, keys)
    questions = questions_of(session, door)
    values = {
        item.code: [data.draw(st.sampled_from(sorted(allowed_values(item))))]
        for item in questions.items
        if has_values(item) and data.draw(st.booleans())
    }
    words = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30
    ).filter(str.strip)
    texts = {"comment": data.draw(words).strip()} if data.draw(st.booleans()) else {}
    # An answer may end the survey: what comes after it is not kept.
    unasked = not_asked(questions.items, values)
    values = {code: own for code, own in values.items() if code not in unasked}
    filled = Filled(values=values, texts={} if "comment" in unasked else texts)
    if filled.is_empty:
        return

    send(session, door, filled)

    again = reopened(session, keys, door)
    assert sent_answers(session, again, questions) == filled
    session.commit()


def _yearly_door(session: Session, keys: LinkKeys) -> Door:
    """The door of the longest questionnaire, opened once per test."""
    found = session.scalar(select(Invitation.id).order_by(Invitation.id).limit(1))
    session.commit()
    if found is None:
        return door_of(session, keys, template="yearly_review")
    return open_door(session, answer_token(keys, found, 1))


# The form and the page


def item(code: str, kind: QuestionType, **values: object) -> Item:
    given: dict[str, object] = {
        "question_id": sum(code.encode()),
        "code": code,
        "driver": None,
        "kind": QuestionKind.OUTCOME,
        "type": kind,
        "section": None,
        "text": code,
        "heading": None,
        "allows_unknown": True,
        "has_comment": False,
        "series": 1,
    } | values
    return Item(**given)  # type: ignore[arg-type] # values of many types by name


OPTIONS = (Option(1, "one"), Option(2, "two"), Option(3, "three"))
EVERY_TYPE = Questionnaire(
    version_id=1,
    version_number=1,
    audience=Audience.PARTNER,
    locale="en",
    items=(
        item("agree", QuestionType.AGREE5, has_comment=True),
        item("nps", QuestionType.NPS11, allows_unknown=False),
        item("share", QuestionType.SHARE11),
        item("importance", QuestionType.IMP7),
        item("single", QuestionType.ONE, options=OPTIONS),
        item("several", QuestionType.MANY, options=OPTIONS),
        item("words", QuestionType.TEXT),
        item("tick", QuestionType.TICK),
    ),
    sections={},
)


def post(app: Flask, posted: Sequence[tuple[str, str]]) -> tuple[Filled, Mapping[str, list[str]]]:
    with app.test_request_context("/"):
        form, errors = posted_form(build_response_form(EVERY_TYPE), MultiDict(posted))
        return filled_from(form, EVERY_TYPE, form._fields), errors


@on_sqlite
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    code=st.sampled_from(["agree", "nps", "share", "importance", "single", "several", "tick"]),
    value=st.one_of(
        st.integers(-200, 200).map(str),
        st.text(max_size=4),
        st.sampled_from([UNKNOWN, "5.0", " 5", "5 ", "+5", "05", "1e1", "٥", "true", "on"]),
    ),
)
def test_a_form_takes_exactly_what_its_question_offers(app: Flask, code: str, value: str) -> None:
    question = EVERY_TYPE.item(code)
    assert question is not None
    offered = {TICKED} if question.type is QuestionType.TICK else allowed_values(question)

    filled, errors = post(app, [(code, value)])

    assert (code in errors) == (value != "" and value not in offered)
    if value in offered:
        assert filled.values[code] == [value]


@on_sqlite
def test_several_choices_are_kept_once_each_and_without_dont_know(app: Flask) -> None:
    filled, errors = post(app, [("several", value) for value in ("2", "1", "2", UNKNOWN, "")])
    assert filled.values["several"] == ["2", "1"]
    assert not errors

    assert post(app, [("several", UNKNOWN)])[0].values["several"] == [UNKNOWN]
    assert post(app, [("several", "")])[0].values["several"] == []
    assert "several" in post(app, [("several", "1"), ("several", "4")])[1]


@on_sqlite
def test_fields_that_were_not_posted_stay_out_of_a_draft(app: Flask) -> None:
    with app.test_request_context("/"):
        form, _ = posted_form(build_response_form(EVERY_TYPE), MultiDict({"nps": "7", "via": "x"}))

        filled = filled_from(form, EVERY_TYPE, ["nps", "via"])

    assert filled == Filled(values={"nps": ["7"]})


@given(text=st.text(max_size=40))
def test_a_text_cannot_break_out_of_its_place_on_the_page(text: str) -> None:
    page = cut(f"<textarea>{slot('text:words')}</textarea><i>{slot('answered')}</i>")

    html = page.fill(slots_for(EVERY_TYPE, Filled(texts={"words": text}), {}))

    inside = html.removeprefix("<textarea>").rpartition("</textarea><i>")[0]
    assert "<" not in inside
    assert html.endswith(f"</textarea><i>{1 if text.strip() else 0}</i>")


def test_a_line_break_at_the_beginning_survives_the_browser() -> None:
    shown = slots_for(EVERY_TYPE, Filled(texts={"words": "\nsecond line"}), {})

    assert shown["text:words"] == "\n\nsecond line"


def test_the_progress_counts_questions_and_not_fields() -> None:
    filled = Filled(
        values={"agree": ["3"], "several": ["1", "2"], "nps": []},
        texts={"agree_why": "reason", "words": " "},
    )

    assert answered_count(EVERY_TYPE, filled) == 2


def test_an_error_ties_its_message_to_the_field_and_opens_the_comment() -> None:
    slots = slots_for(EVERY_TYPE, Filled(), {"agree_why": ["Too <long>."]})

    assert slots["open:agree"] == " open"
    assert slots["described:agree_why"] == "e-agree_why "
    assert 'id="e-agree_why"' in slots["error:agree_why"]
    assert "Too &lt;long&gt;." in slots["error:agree_why"]
