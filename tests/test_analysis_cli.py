"""Commands of the understanding side: export, classify, analyse, recount."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import plain_analyser
import pytest
from answered_waves import Fixed, answer_all, open_wave, run_worker, whole_wave, write
from click.testing import Result
from factories import MONDAY, SetClock
from flask import Flask
from sheet_reader import sheets
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.cli import OneLineChoice, analyse, classify, export, recount
from analysis.models import CommentScore, ScoreCell
from surveys.db import db
from surveys.invitations import LinkKeys
from surveys.models import AuditEvent, WaveChange
from surveys.terms import Mode

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Ids(NamedTuple):
    """Both waves of a run; a session that looked at them holds no lock any more."""

    id: int
    internal: int


class Pulse:
    """The command line of a test's application."""

    def __init__(self, app: Flask) -> None:
        self._runner = app.test_cli_runner()
        for command in (analyse, classify, export, recount):
            app.cli.add_command(command)

    def __call__(self, *arguments: object, text: bytes | None = None) -> Result:
        """Run a command; its output and exit code."""
        return self._runner.invoke(
            args=[str(each) for each in arguments], input=text, catch_exceptions=False
        )


@pytest.fixture
def pulse(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    """The commands, with an analyser that knows four words."""
    plain_analyser.use(monkeypatch)
    yield Pulse(app)
    with app.app_context():
        db.session.remove()


@pytest.fixture
def published(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> Ids:
    """A confidential run of twelve companies, published."""
    plain_analyser.use(monkeypatch)
    run = whole_wave(
        app, session, keys, clock, Mode.CONFIDENTIAL, fill=Fixed(texts=("The portal is slow.",))
    )
    assert run.internal is not None
    ids = Ids(run.id, run.internal.id)
    session.commit()
    return ids


def test_export_writes_scores_to_standard_output_and_the_audit_log(
    pulse: Pulse, published: Ids, session: Session
) -> None:
    result = pulse("export", published.id, "--kind", "scores")

    assert result.exit_code == 0
    assert result.stdout.startswith("survey,wave,audience,dimension,segment,question,driver,n,")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "export")).one()
    assert (event.actor, event.object_id, event.detail) == (
        "command line",
        published.id,
        {"kind": "scores"},
    )
    session.commit()
    other = pulse("export", published.internal, "--kind", "scores")
    assert other.stdout == result.stdout


@on_sqlite
def test_export_to_a_file_or_folder(pulse: Pulse, published: Ids, tmp_path: Path) -> None:
    target = tmp_path / "scores.csv"

    named = pulse("export", published.id, "--kind", "scores", "--format", "csv-excel", "-o", target)
    made_up = pulse("export", published.id, "--kind", "comments", "-o", tmp_path)

    assert (named.exit_code, named.stdout, made_up.exit_code) == (0, "", 0)
    assert target.read_bytes().startswith(b"\xef\xbb\xbfsurvey;wave;")
    (file,) = tmp_path.glob("partner-pulse_*_comments_*.csv")
    assert "The portal is slow." in file.read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.part"))
    workbook = pulse("export", published.id, "--kind", "scores", "--format", "xlsx", "-o", tmp_path)
    (file,) = tmp_path.glob("partner-pulse_*_scores_*.xlsx")
    assert workbook.exit_code == 0
    assert sheets(file.read_bytes())[0][0][:3] == ["survey", "wave", "audience"]
    for_spss = pulse("export", published.id, "--kind", "scores", "--format", "sav", "-o", tmp_path)
    (file,) = tmp_path.glob("partner-pulse_*_scores_*.sav")
    assert for_spss.exit_code == 0
    assert file.read_bytes().startswith(b"$FL2")
    nowhere = pulse("export", published.id, "--kind", "scores", "-o", tmp_path / "no" / "x.csv")
    assert nowhere.exit_code == 2
    assert nowhere.stderr.count("\n") == 1


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["999", "--kind", "scores"], "pulse: there is no wave 999"),
        (["1", "--kind", "nonsense"], "pulse: --kind: 'nonsense' is not one of"),
        (["1", "--kind", "scores", "--format", "doc"], "pulse: --format: 'doc' is not one of"),
    ],
)
def test_what_does_not_exist_is_one_line_and_exit_code_two(
    pulse: Pulse, session: Session, keys: LinkKeys, arguments: list[str], words: str
) -> None:
    open_wave(session, keys, companies=1, people=1, staff=1)

    result = pulse("export", *arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(words)
    assert result.stderr.count("\n") == 1
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0


@on_sqlite
def test_an_spss_file_without_its_library_is_one_line_and_exit_code_two(
    pulse: Pulse, published: Ids, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.sav_export.LIBRARIES", ("no_library_has_this_name",))

    result = pulse("export", published.id, "--kind", "scores", "--format", "sav")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "pulse: sav files need the extra 'spss', which is not installed:"
        " pip install 'partner-pulse[spss]'\n"
    )
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0


@on_sqlite
@pytest.mark.parametrize("kind", ["responses", "answers"])
def test_single_responses_are_refused_with_the_reason(
    pulse: Pulse, published: Ids, session: Session, kind: str
) -> None:
    result = pulse("export", published.id, "--kind", kind)

    assert result.exit_code == 2
    assert "partners were promised confidentiality" in result.stderr
    assert result.stderr.count("\n") == 1
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0


@on_sqlite
def test_an_open_run_has_no_scores_and_says_so(
    pulse: Pulse, session: Session, keys: LinkKeys
) -> None:
    run_id = open_wave(session, keys, companies=1, people=1, staff=1).id
    session.commit()

    result = pulse("export", run_id, "--kind", "scores")

    assert result.exit_code == 2
    assert result.stderr.startswith(f"pulse: wave {run_id} has no results yet: they appear once")


@on_sqlite
def test_classify_prints_one_object_a_line(pulse: Pulse) -> None:
    lines = "en\tThe portal is slow.\npl\tDzięki za pomoc!\nno tab here\n"

    result = pulse("classify", text=lines.encode())

    found: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert len(found) == 3
    for verdict in found:
        assert verdict["label"] in ("negative", "mixed", "neutral", "positive")
        assert set(verdict) >= {
            "score",
            "confidence",
            "unsure",
            "quiet_exit",
            "drivers",
            "evidence",
        }
    assert "\\u" not in result.stdout


@on_sqlite
def test_classify_reads_a_file(pulse: Pulse, tmp_path: Path) -> None:
    file = tmp_path / "lines.tsv"
    file.write_bytes(b"en\tslow\n")

    assert len(pulse("classify", file).stdout.splitlines()) == 1
    missing = pulse("classify", tmp_path / "none.tsv")
    assert missing.exit_code == 2


def test_analyse_reads_what_waits_and_with_all_everything_again(
    pulse: Pulse, session: Session, keys: LinkKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_wave(session, keys, companies=1, people=1, staff=1)
    write(session, run, "slow", "helpful")

    assert pulse("analyse").stdout == "2 comments read by plain 1.\n"
    assert pulse("analyse").stdout == "0 comments read by plain 1.\n"
    assert pulse("analyse", "--all").stdout == "2 comments read by plain 1.\n"
    plain_analyser.use(monkeypatch, name="plain 2")
    assert pulse("analyse").stdout == "2 comments read by plain 2.\n"
    assert session.scalar(select(func.count()).select_from(CommentScore)) == 4


def test_recount_checks_and_mends(
    pulse: Pulse, app: Flask, session: Session, keys: LinkKeys
) -> None:
    run = open_wave(session, keys, companies=2, people=1, staff=1)
    run_id = run.id
    session.commit()
    waiting = pulse("recount", "--check")
    assert waiting.exit_code == 0
    assert f"wave {run_id}: changes wait to be counted, not compared" in waiting.stderr
    answer_all(session, run, keys, at=MONDAY)
    run_worker(app, 1)
    assert session.scalar(select(func.count()).select_from(WaveChange)) == 0
    session.commit()

    clean = pulse("recount", "--check")
    assert (clean.exit_code, clean.stdout) == (0, "2 waves checked, 0 cells differ.\n")

    cell = session.scalars(select(ScoreCell).where(ScoreCell.wave_id == run_id)).first()
    assert cell is not None
    question_id = cell.question_id
    cell.histogram = {"1": 99}
    session.commit()
    broken = pulse("recount", "--check")
    assert broken.exit_code == 1
    assert broken.stdout == "2 waves checked, 1 cells differ.\n"
    assert f"wave {run_id}, total, question {question_id} differs" in broken.stderr

    assert pulse("recount").stdout == "2 waves counted anew.\n"
    assert pulse("recount", "--check").exit_code == 0


@on_sqlite
def test_progress_is_quiet_in_a_pipe(pulse: Pulse, session: Session, keys: LinkKeys) -> None:
    run = open_wave(session, keys, companies=1, people=1, staff=1)
    write(session, run, "slow")

    assert pulse("analyse").stderr == ""
    assert pulse("recount").stderr == ""


def test_a_choice_says_what_could_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        OneLineChoice(["a", "b"]).convert("c", None, None)

    assert ended.value.code == 2
    assert capsys.readouterr().err == "pulse: option: 'c' is not one of 'a', 'b'.\n"
