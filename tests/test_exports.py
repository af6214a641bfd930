"""Files of a run, kind by kind, against files written down; what is refused, what stays hidden.

After a change that is meant, write tests/golden/exports anew with `PULSE_WRITE_GOLDEN=1` and read
the difference.
"""

import csv
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import plain_analyser
import pyreadstat
import pytest
from answered_waves import Fixed, Site, answer_one, new_site, next_wave, open_wave, run_worker
from factories import MONDAY, SetClock, make_contact, make_partner, make_survey, make_user
from flask import Flask
from sheet_reader import Value, sheets
from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session

from analysis import response_lines, response_lines_sqlite
from analysis.csv_export import EXCEL, PLAIN, CsvKind, csv_bytes
from analysis.export_table import Table
from analysis.exports import Kind, export_table, file_name
from analysis.file_formats import FORMATS
from analysis.queries import run_figures
from analysis.response_columns import UNKNOWN_NUMBER, Column, Filled, Text, of_draft
from analysis.variables import HIDDEN_NUMBER
from surveys.contact_file.formulas import from_text_cell
from surveys.drafts import save_draft
from surveys.errors import NotConfidential, NotPublished
from surveys.invitations import LinkKeys, answer_token
from surveys.models import Answer, Contact, Invitation, Partner, Response, SegmentProfile, Wave
from surveys.questionnaires import read_questionnaire
from surveys.responses import Filled as Given
from surveys.responses import open_door
from surveys.terms import Audience, Channel, Mode, QuestionType
from surveys.waves import Run, close_run, open_run, run_by_id

GOLDEN = Path(__file__).with_name("golden") / "exports"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CONFIDENTIAL_TEXTS = ("The portal is slow.", "Our manager is helpful.", "", "Zespół jest życzliwy.")


def exported(
    session: Session,
    run: Run,
    kind: Kind,
    csv_kind: CsvKind = PLAIN,
    *,
    with_addresses: bool = True,
) -> str:
    """The file as text, with its byte order mark if it has one."""
    figures = run_figures(session, run_by_id(session, run.id))
    table = export_table(session, kind, figures, with_addresses=with_addresses)
    return b"".join(csv_bytes(table, csv_kind)).decode()


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a plain file by heading."""
    return list(csv.DictReader(StringIO(text, newline="")))


def assert_golden(name: str, text: str) -> None:
    """The file is what is written down under this name, to the byte."""
    path = GOLDEN / name
    if os.environ.get("PULSE_WRITE_GOLDEN") == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    assert text.encode() == path.read_bytes(), name


def answered_identified(session: Session, keys: LinkKeys, clock: SetClock) -> Run:
    """A closed identified run: three complete responses and a begun one, of three companies.

    Names and texts hold what breaks files: Polish letters, separators, quotes, line ends, formulas.
    """
    manager = make_user(session, "zofia@nordvik.example", name="Zofia Żak")
    survey = make_survey(session, mode=Mode.IDENTIFIED, slug="key-partners", name="Key partners")
    companies = [
        ("Sieć „Plus”; Łódź", "gold", "north", None),
        ('=HYPERLINK("http://x")', "silver", "south", manager.id),
        ("Baltic, Cloud", "gold", "south", None),
    ]
    for number, (name, tier, region, owner) in enumerate(companies, start=1):
        partner = make_partner(session, name, tier=tier, region=region, owner_id=owner)
        partner.external_id = f"BC-{number}"
        for place in range(2 if number == 1 else 1):
            contact = make_contact(session, partner, email=f"p{number}{place}@partner.example")
            contact.external_id = f"C-{number}{place}" if number < 3 else None
    session.commit()
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    questionnaire = read_questionnaire(
        session, run.partner.version_id, audience=Audience.PARTNER, locale="en"
    )
    agree = {item.code: ["4"] for item in questionnaire.items if item.type is QuestionType.AGREE5}
    given = [
        Given(
            values=agree | {"recommend": ["0"], "intent": ["2"], "contact": ["1"]},
            texts={"comment": 'Portal jest slow; "życzliwy" opiekun,\r\nale slow.'},
        ),
        Given(values={"recommend": ["10"], "incentives": ["dk"]}, texts={"incentives_why": "=1+1"}),
        Given(values=agree | {"listening": ["1"]}, texts={"listening_why": "hm, another brand"}),
    ]
    ids = session.scalars(select(Invitation.id).where(Invitation.wave_id == run.id)).all()
    for number, (invitation_id, answers) in enumerate(zip(sorted(ids), given, strict=False)):
        at = MONDAY + timedelta(hours=1 + number)
        answer_one(session, keys, invitation_id, questionnaire, answers, at=at)
    begun = Given(values={"recommend": ["7"], "solutions": ["dk"]}, texts={"comment": "not sent"})
    door = open_door(session, answer_token(keys, sorted(ids)[-1], 1))
    at = MONDAY + timedelta(hours=9)
    save_draft(session, door, questionnaire, begun, locale="pl", channel=Channel.REMINDER_1, now=at)
    session.commit()
    clock.move(days=1)
    close_run(session, run, now=clock())
    # Segments are those of the opening; who moves up later moves in no file of this run.
    session.execute(update(Partner).values(tier="platinum"))
    session.commit()
    return run


def test_files_of_an_identified_run_are_what_is_written_down(
    app: Flask,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain_analyser.use(monkeypatch)
    run = answered_identified(session, keys, clock)
    run_worker(app)

    for kind in (Kind.RESPONSES, Kind.ANSWERS, Kind.CODEBOOK, Kind.SCORES):
        assert_golden(f"identified_{kind}.csv", exported(session, run, kind))
    assert_golden("identified_responses_excel.csv", exported(session, run, Kind.RESPONSES, EXCEL))


@pytest.mark.parametrize("with_addresses", [True, False])
def test_lines_of_the_database_are_what_rows_would_have_made(
    app: Flask,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    with_addresses: bool,
) -> None:
    plain_analyser.use(monkeypatch)
    # Blocks end within the wave.
    monkeypatch.setattr(response_lines, "BLOCKS", (1, 2))
    monkeypatch.setattr(response_lines_sqlite, "LINES_AT_ONCE", 2)
    run = answered_identified(session, keys, clock)
    run_worker(app)
    spoil(session, run)
    figures = run_figures(session, run_by_id(session, run.id))

    def table() -> Table:
        return export_table(session, Kind.RESPONSES, figures, with_addresses=with_addresses)

    for kind in (PLAIN, EXCEL):
        by_rows = b"".join(csv_bytes(replace(table(), lines=None), kind))
        assert b"".join(csv_bytes(table(), kind)) == by_rows
    session.rollback()


def test_a_file_leaves_out_responses_of_another_run_whose_ids_stand_between(
    session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = answered_identified(session, keys, clock)
    first, second, third = sorted(sent_ids(session))
    copied = {column.key: getattr(run.partner, column.key) for column in inspect(Wave).column_attrs}
    other = Wave(**copied | {"id": None, "number": 9, "scheduled_at": MONDAY + timedelta(days=900)})
    session.add(other)
    session.flush()
    session.add(SegmentProfile(wave_id=other.id, profile_no=1, segments={}))
    session.flush()
    moved = update(Invitation).where(Invitation.id == second)
    session.execute(moved.values(wave_id=other.id, profile_no=1))
    session.commit()

    rows = rows_of(exported(session, run, Kind.RESPONSES))

    sent = [row["response_id"] for row in rows if row["status"] == "complete"]
    assert sent == [str(first), str(third)]


def sent_ids(session: Session) -> list[int]:
    """Ids of all responses."""
    return list(session.scalars(select(Response.id)))


def spoil(session: Session, run: Run) -> None:
    """Values that are rare in a run: halves of seconds, changes, names that break files."""
    first, second, third = session.scalars(
        select(Response).join(Invitation, Invitation.id == Response.id).order_by(Response.id)
    )
    for response, micro in ((first, 500_000), (second, 499_999)):
        response.submitted_at = response.started_at + timedelta(seconds=92, microseconds=micro)
    second.changed_at = third.submitted_at + timedelta(days=1, microseconds=7)
    second.is_late = True
    for partner, name in zip(session.scalars(select(Partner)), NAMES, strict=True):
        partner.name = name
        partner.external_id = "\u3000-1" if name == NAMES[0] else None
    profile = session.scalars(
        select(SegmentProfile).where(SegmentProfile.wave_id == run.partner.id)
    ).first()
    assert profile is not None
    profile.segments = {"tier": "", "region": '"=north"'}
    session.execute(delete(Answer).where(Answer.response_id == third.id))
    session.commit()


#: For three partners: a formula after a line end, quotes and both separators, a formula within.
NAMES = ("\n=1+1", 'a;"b",c', 'x",=2')


@pytest.fixture(scope="module")
def identified(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Session, Run]]:
    """The identified run, worked through; for reading only."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        new_site(sqlite_template, tmp_path_factory.mktemp("identified")) as site,
        site.session() as session,
    ):
        plain_analyser.use(monkeypatch)
        run = answered_identified(session, site.keys, site.clock)
        run_worker(site.app)
        yield session, run
        session.rollback()


@pytest.fixture(scope="module")
def confidential(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Session, Run]]:
    """A confidential run of 36 people and 10 staff, published; for reading only."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        new_site(sqlite_template, tmp_path_factory.mktemp("confidential")) as site,
        site.session() as session,
    ):
        plain_analyser.use(monkeypatch)
        survey = make_survey(session, slug="partner-pulse")
        for number in range(18):
            partner = make_partner(
                session,
                f"Partner {number}",
                type=("reseller", "integrator")[number % 2],
                tier=("gold", "silver", "silver", "registered", "gold", "silver")[number % 6],
                region=("north", "south", "west")[0 if number % 5 else 2],
            )
            for _ in range(2):
                make_contact(session, partner)
        for _ in range(10):
            make_contact(session, None, team="channel sales")
        fill = Fixed(texts=CONFIDENTIAL_TEXTS, recommend=(9, 7, 5, 10, 8, 3, 6))
        run = next_wave(site.app, session, site.keys, site.clock, survey, fill=fill)
        yield site, session, run
        session.rollback()


def test_scores_of_a_confidential_run_are_what_is_written_down(
    confidential: tuple[Site, Session, Run],
) -> None:
    _, session, run = confidential

    assert_golden("confidential_scores.csv", exported(session, run, Kind.SCORES))
    assert_golden("confidential_scores_excel.csv", exported(session, run, Kind.SCORES, EXCEL))


def test_comments_of_a_confidential_run_are_what_is_written_down(
    confidential: tuple[Site, Session, Run],
) -> None:
    _, session, run = confidential
    text = exported(session, run, Kind.COMMENTS)

    # The order hangs on random keys, so that it tells nothing; the rows are compared in theirs.
    head, *rows = text.splitlines(keepends=True)
    assert_golden("confidential_comments.csv", head + "".join(sorted(rows)))
    assert text == exported(session, run, Kind.COMMENTS)


@pytest.mark.parametrize("kind", [Kind.RESPONSES, Kind.ANSWERS])
def test_single_responses_of_a_confidential_run_are_refused_with_the_reason(
    confidential: tuple[Site, Session, Run], kind: Kind
) -> None:
    _, session, run = confidential

    with pytest.raises(NotConfidential, match="promised confidentiality"):
        exported(session, run, kind)


@on_sqlite
@pytest.mark.parametrize("kind", [Kind.SCORES, Kind.COMMENTS])
def test_an_open_run_has_no_file_of_results(session: Session, keys: LinkKeys, kind: Kind) -> None:
    run = open_wave(session, keys, companies=1, people=1, staff=1)

    with pytest.raises(NotPublished, match=f"wave {run.id} has no results yet"):
        exported(session, run, kind)
    assert exported(session, run, Kind.CODEBOOK).startswith("audience,position,question,driver")


def as_in_csv(value: Value) -> str:
    """A cell of a sheet as the plain file writes it, but for its apostrophes."""
    return "" if value is None else value if isinstance(value, str) else f"{value:g}"


@pytest.mark.parametrize("kind", Kind)
def test_a_workbook_holds_the_values_of_the_plain_file(
    identified: tuple[Session, Run], kind: Kind
) -> None:
    session, run = identified
    plain = list(csv.reader(StringIO(exported(session, run, kind), newline="")))
    figures = run_figures(session, run_by_id(session, run.id))

    (sheet,) = sheets(b"".join(FORMATS["xlsx"].pieces(export_table(session, kind, figures))))

    assert len(plain) > 1
    for expected, row in zip(plain, sheet, strict=True):
        found = [as_in_csv(value) for value in row] + [""] * (len(expected) - len(row))
        assert found == [from_text_cell(cell) for cell in expected]


def test_a_workbook_of_scores_holds_numbers_and_the_word_hidden(
    confidential: tuple[Site, Session, Run],
) -> None:
    _, session, run = confidential
    figures = run_figures(session, run)

    ((headings, *rows),) = sheets(
        b"".join(FORMATS["xlsx"].pieces(export_table(session, Kind.SCORES, figures)))
    )

    place, state = headings.index("score"), headings.index("state")
    for row in rows:
        assert row[place] == "hidden" if row[state] == "hidden" else isinstance(row[place], float)


def read_sav(session: Session, run: Run, kind: Kind, path: Path, locale: str) -> tuple[Any, Any]:
    """The SPSS file of a run as a frame, with what was declared missing, and what is said of it."""
    figures = run_figures(session, run_by_id(session, run.id))
    table = export_table(session, kind, figures, locale=locale)
    path.write_bytes(b"".join(FORMATS["sav"].pieces(table)))
    frame, said = pyreadstat.read_sav(path, user_missing=True)
    return frame, said


def as_in_sav(cell: str, name: str, said: Any) -> object:
    """A cell of the plain file as it must stand in the SPSS file."""
    if said.original_variable_types[name].startswith("A"):
        return from_text_cell(cell)
    if cell in ("NA", "hidden"):
        return {"NA": UNKNOWN_NUMBER, "hidden": HIDDEN_NUMBER}[cell]
    if said.original_variable_types[name].startswith("DATETIME"):
        return cell.replace("T", " ").removesuffix("+00:00") or "NaT"
    return float(cell) if cell else "nan"


@pytest.mark.parametrize("kind", Kind)
def test_an_spss_file_holds_the_values_of_the_plain_file(
    identified: tuple[Session, Run], kind: Kind, tmp_path: Path
) -> None:
    session, run = identified
    plain = rows_of(exported(session, run, kind))

    frame, said = read_sav(session, run, kind, tmp_path / "x.sav", "en")

    assert list(frame.columns) == list(plain[0])
    for name in frame.columns:
        is_text = said.original_variable_types[name].startswith("A")
        for found, row in zip(frame[name], plain, strict=True):
            expected = as_in_sav(row[name], name, said)
            assert (found if is_text or found == expected else str(found)) == expected


@pytest.mark.parametrize(
    ("locale", "question", "word", "unknown"),
    [
        (
            "en",
            "Nordvik acts on what we tell it.",
            "strongly disagree",
            "Don\u2019t know / doesn\u2019t apply",
        ),
        (
            "pl",
            "Nordvik reaguje na nasze uwagi.",
            "zdecydowanie się nie zgadzam",
            "Nie wiem / nie dotyczy",
        ),
    ],
)
def test_an_spss_file_explains_its_questions_as_they_were_asked(
    identified: tuple[Session, Run],
    tmp_path: Path,
    locale: str,
    question: str,
    word: str,
    unknown: str,
) -> None:
    session, run = identified

    _, said = read_sav(session, run, Kind.RESPONSES, tmp_path / "x.sav", locale)

    assert said.column_names_to_labels["listening"] == question
    labels = said.variable_value_labels["listening"]
    assert labels[1.0] == word
    assert labels[UNKNOWN_NUMBER].replace("'", "\u2019") == unknown
    assert sorted(said.variable_value_labels["recommend"]) == [UNKNOWN_NUMBER, 0.0, 10.0]


def test_a_hidden_figure_is_declared_missing_in_an_spss_file(
    confidential: tuple[Site, Session, Run], tmp_path: Path
) -> None:
    _, session, run = confidential

    frame, said = read_sav(session, run, Kind.SCORES, tmp_path / "x.sav", "en")

    for state, score in zip(frame["state"], frame["score"], strict=True):
        assert (score == HIDDEN_NUMBER) == (state == "hidden")
    assert said.missing_ranges["score"][0]["lo"] == HIDDEN_NUMBER


def test_columns_come_from_the_version_and_not_from_the_answers(
    identified: tuple[Session, Run],
) -> None:
    session, run = identified
    headings = next(csv.reader(StringIO(exported(session, run, Kind.RESPONSES))))

    questions = [heading for heading in headings[24:] if "__" not in heading]
    assert questions[:5] == [
        "recommend",
        "incentives",
        "incentives_why",
        "executive_backing",
        "executive_backing_why",
    ]
    assert questions[-3:] == ["intent", "comment", "contact"]
    assert headings.index("comment__drivers") == headings.index("comment") + 2


def test_a_begun_response_is_partial_and_has_no_end(identified: tuple[Session, Run]) -> None:
    session, run = identified

    *complete, partial = rows_of(exported(session, run, Kind.RESPONSES))

    assert [row["status"] for row in complete] == ["complete"] * 3
    assert (partial["status"], partial["completed_at"], partial["duration_seconds"]) == (
        "partial",
        "",
        "",
    )
    assert (partial["recommend"], partial["solutions"], partial["comment"]) == (
        "7",
        "NA",
        "not sent",
    )
    assert (partial["language"], partial["channel"], partial["provisional"]) == (
        "pl",
        "reminder_1",
        "0",
    )


def test_not_asked_unknown_and_zero_are_told_apart(identified: tuple[Session, Run]) -> None:
    session, run = identified

    first, second, *_ = rows_of(exported(session, run, Kind.RESPONSES))

    assert (first["recommend"], first["contact"]) == ("0", "1")
    assert (second["incentives"], second["solutions"], second["contact"]) == ("NA", "", "0")


def test_segments_are_those_of_the_opening(identified: tuple[Session, Run]) -> None:
    session, run = identified

    tiers = {row["tier"] for row in rows_of(exported(session, run, Kind.RESPONSES))}

    assert tiers == {"gold", "silver"}


def test_addresses_are_for_those_who_may_see_them(identified: tuple[Session, Run]) -> None:
    session, run = identified

    kept = rows_of(exported(session, run, Kind.RESPONSES, with_addresses=False))

    assert {row["email"] for row in kept} == {"hidden"}
    assert "@partner.example" not in exported(session, run, Kind.RESPONSES, with_addresses=False)


def test_answers_hold_one_row_for_each_answer_and_text(identified: tuple[Session, Run]) -> None:
    session, run = identified
    rows = rows_of(exported(session, run, Kind.ANSWERS))
    wide = rows_of(exported(session, run, Kind.RESPONSES))

    assert {row["response_id"] for row in rows} == {
        row["response_id"] for row in wide if row["status"] == "complete"
    }
    unknown = [row for row in rows if row["value_code"] == "NA"]
    assert [(row["question_code"], row["value_num"]) for row in unknown] == [("incentives", "")]
    assert [row["value_text"] for row in rows if row["value_text"]][1] == "'=1+1"


def test_a_comment_keeps_its_verdict_in_the_file_after_a_new_version(
    identified: tuple[Session, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    session, run = identified
    before = exported(session, run, Kind.RESPONSES)
    plain_analyser.use(monkeypatch, name="plain 2")

    assert exported(session, run, Kind.RESPONSES) == before
    assert rows_of(before)[0]["comment__sentiment"] == "mixed"
    assert rows_of(before)[0]["comment__drivers"] == "channel_people monitoring"


def test_a_hidden_figure_is_the_word_and_never_a_blank(
    confidential: tuple[Site, Session, Run],
) -> None:
    _, session, run = confidential
    rows = rows_of(exported(session, run, Kind.SCORES))

    kept = [row for row in rows if row["state"] == "hidden"]
    for row in kept:
        assert {row[name] for name in ("n", "score", "ci_low", "ci_high")} == {"hidden"}
    for row in rows:
        assert row["n"] != ""


@on_sqlite
def test_a_hidden_list_of_comments_is_one_row_that_says_so(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = make_survey(session)
    for _ in range(6):
        make_contact(session, make_partner(session))
    session.commit()
    run = next_wave(app, session, keys, clock, survey, fill=Fixed(texts=("slow",)))

    (row,) = rows_of(exported(session, run, Kind.COMMENTS))

    assert (row["audience"], row["text"], row["sentiment"]) == ("partner", "hidden", "hidden")


def test_merged_segments_are_named_by_what_they_hold(
    confidential: tuple[Site, Session, Run],
) -> None:
    _, session, run = confidential

    segments = {row["segment"] for row in rows_of(exported(session, run, Kind.SCORES))}

    assert not any(segment.startswith("[") for segment in segments)


def test_files_are_named_by_survey_wave_kind_and_instant(
    confidential: tuple[Site, Session, Run],
) -> None:
    _, _, run = confidential
    now = datetime(2027, 2, 9, 8, 5, 3, tzinfo=UTC)

    assert file_name(run, Kind.SCORES, now) == (
        "partner-pulse_partner-pulse_2027-02-08_scores_20270209T080503Z.csv"
    )
    assert file_name(run, Kind.SCORES, now, "xlsx").endswith("_scores_20270209T080503Z.xlsx")


def test_boxes_have_a_column_each() -> None:
    column = Column(1, "breach_2", QuestionType.MANY, [1, 2, 3], has_comment=True)
    ticked = Filled(answers={1: {1: 1, 3: 1}}, texts={1: Text("why", "negative", ["listening"])})

    assert column.headings[:3] == ["breach_2__1", "breach_2__2", "breach_2__3"]
    assert column.headings[3:] == [
        "breach_2_why",
        "breach_2_why__sentiment",
        "breach_2_why__drivers",
    ]
    assert column.cells(ticked) == [1, 0, 1, "why", "negative", "listening"]
    assert column.cells(Filled()) == [None] * 6
    assert column.cells(Filled(answers={1: {0: None}}))[:3] == ["NA"] * 3


def test_a_draft_fills_the_columns_of_its_questions() -> None:
    columns = [
        Column(1, "breach_2", QuestionType.MANY, [1, 2], has_comment=False),
        Column(2, "incentives", QuestionType.AGREE5, [], has_comment=True),
        Column(3, "contact", QuestionType.TICK, [], has_comment=False),
        Column(4, "comment", QuestionType.TEXT, [], has_comment=False),
    ]
    stored = {
        "values": {"breach_2": ["2"], "incentives": ["dk"], "contact": ["1"], "gone": ["5"]},
        "texts": {"incentives_why": "because", "comment": ""},
    }

    filled = of_draft(stored, columns)

    cells = [cell for column in columns for cell in column.cells(filled)]
    assert cells == [0, 1, "NA", "because", None, None, 1, None, None, None]
    assert of_draft({}, columns) == Filled()


def test_erased_people_leave_their_answers_without_a_name(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_analyser.use(monkeypatch)
    with new_site(sqlite_template, tmp_path) as site, site.session() as session:
        run = answered_identified(session, site.keys, site.clock)
        contact = session.scalars(
            select(Contact).where(Contact.email == "p10@partner.example")
        ).one()
        session.delete(contact)
        session.commit()
        assert session.get_one(Wave, run.id) is not None

        first, *_ = rows_of(exported(session, run, Kind.RESPONSES))

    assert (first["email"], first["contact_external_id"], first["recommend"]) == ("", "", "0")
