"""What a manager sees of one question of a random survey, and the files that tell it to others.

Figures come through the functions that pages, files and API read: counted like every wave's, made
like every published cell, read back as it is stored. The format of the files is described in
docs/method/confidentiality.md, "Files for an attacker".
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil, floor
from pathlib import Path

from analysis.answer_stream import CompanyAnswers, PersonAnswers, WaveShape
from analysis.figures import MEASURES, ClassShare, Figure, figure_from_json
from analysis.models import ScoreCell
from analysis.published_figures import published_figure, variance_of_wave
from analysis.published_rows import published_row
from analysis.row_cells import RowCells
from analysis.segment_keys import is_other, members_of
from analysis.suppression import TOTAL, RowKey, Share, Verdict
from analysis.suppression.question import COARSE_STEP
from analysis.wave_tally import Counted, WaveTally
from bench.attacker import Cell, Person
from surveys.terms import Audience, CellState, Mode, QuestionType

QUESTION = "d1"
QUESTION_ID = 1
MEASURE = MEASURES[QuestionType.AGREE5]
COUNTED = Counted({QUESTION_ID: MEASURE.type}, frozenset({QUESTION_ID}), None)


class CountedWave:
    """The working cells of one wave of a random survey."""

    def __init__(self, number: int, wave: Sequence[Person], dimensions: Sequence[str]) -> None:
        self.number = number
        self._dimensions = tuple(dimensions)
        cells = self._tally(wave).cells()
        self._cells = {(cell["dimension"], cell["segment"]): ScoreCell(**cell) for cell in cells}

    def row_cells(self, key: RowKey) -> RowCells:
        """The cells of a row; of merged values, all of them."""
        members = [("", "")] if key == TOTAL else [(key.dimension, m[0]) for m in key.members]
        return RowCells(MEASURE, [self._cells[each] for each in members if each in self._cells])

    def shown(
        self, verdicts: Mapping[RowKey, Verdict], shares: Mapping[RowKey, Sequence[Share]]
    ) -> Iterator[Cell]:
        """The cells that a manager could see, as objects of `N.cells.json`."""
        pooled = variance_of_wave(self.row_cells(TOTAL)) if verdicts else None
        for key, verdict in verdicts.items():
            figure = published_figure(
                key,
                verdict,
                self.row_cells(key),
                classes=shares.get(key, ()),
                pooled_variance=pooled,
            )
            row = published_row(self.number, QUESTION, key, figure)
            yield from self._told(row["dimension"], row["segment"], _read_back(row))

    def _tally(self, wave: Sequence[Person]) -> WaveTally:
        profiles = {each.person: each.segments for each in wave}
        numbers = {person: number for number, person in enumerate(profiles)}
        shape = WaveShape(
            wave_id=self.number,
            survey_id=1,
            version_id=1,
            number=self.number,
            audience=Audience.PARTNER,
            mode=Mode.CONFIDENTIAL,
            dimensions=self._dimensions,
            segments={numbers[person]: segments for person, segments in profiles.items()},
        )
        tally = WaveTally(shape, COUNTED)
        by_company = sorted(wave, key=lambda each: each.company)
        for key, (_, group) in enumerate(groupby(by_company, key=lambda each: each.company)):
            people = [
                PersonAnswers(n := numbers[each.person], n, {QUESTION_ID: each.answers[QUESTION]})
                for each in group
            ]
            tally.add_company(CompanyAnswers(key, people))
        return tally

    def _told(self, dimension: str, segment: str, figure: Figure) -> Iterator[Cell]:
        if not figure.is_shown:
            return
        place = {
            "wave": self.number,
            "question": QUESTION,
            "dims": self._dims(dimension, segment),
            "n": figure.n,
        }
        yield {**place, **_mean(figure), "dont_know": figure.dont_know}
        counts = [each.count for each in figure.classes]
        if counts and None not in counts:
            yield {**place, "counts": counts}
        if figure.histogram:
            values = range(MEASURE.lowest, MEASURE.highest + 1)
            yield {**place, "counts": [figure.histogram.get(str(value), 0) for value in values]}

    def _dims(self, dimension: str, segment: str) -> dict[str, object]:
        dims: dict[str, object] = dict.fromkeys(self._dimensions, "*")
        if dimension:
            dims[dimension] = list(members_of(segment)) if is_other(segment) else segment
        return dims


def _read_back(row: Mapping[str, object]) -> Figure:
    """The figure as a page reads it from the stored cell."""
    # Through JSON, as the database keeps it.
    stored = json.loads(json.dumps(row))
    return figure_from_json(
        stored["figures"],
        state=CellState(stored["state"]),
        reason=stored["reason"],
        n=stored["n"],
        n_companies=stored["n_companies"],
        value=stored["value"],
        scale=MEASURE.scale,
    )


def _mean(figure: Figure) -> dict[str, object]:
    """The mean as it is printed, or the interval that a bound or a coarse figure stands for."""
    if figure.at_most is not None:
        return {"interval": [0, ceil(100 * figure.at_most) / 100]}
    if figure.at_least is not None:
        return {"interval": [floor(100 * figure.at_least) / 100, 100]}
    assert figure.value is not None
    value = round(figure.value)
    if figure.state is CellState.COARSE:
        half = COARSE_STEP // 2
        return {"interval": [max(value - half, 0), min(value + half, 100)]}
    told: dict[str, object] = {"mean": value}
    interval = figure.estimate.interval() if figure.estimate else None
    if interval is not None:
        told["ci"] = [round(interval.low), round(interval.high)]
    if any(each.count is None for each in figure.classes):
        told["shares"] = [_share(each, figure.n or 0) for each in figure.classes]
    return told


def _share(share: ClassShare, n: int) -> list[int]:
    """The counts that a class printed inexactly, or left blank, can have."""
    return {"at_most_one": [0, 1], "all_but_one": [n - 1, n]}.get(share.state, [0, n])


def write_files(
    folder: Path,
    number: int,
    *,
    cells: Sequence[Cell],
    people: Sequence[Person],
    dimensions: Sequence[str],
) -> None:
    """Write `N.cells.json`, what could be seen, and `N.micro.csv`, the truth behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(list(cells), indent=1, ensure_ascii=False)
    (folder / f"{number}.cells.json").write_text(text + "\n", encoding="utf-8")
    with (folder / f"{number}.micro.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["wave", "company", "person", *dimensions, QUESTION])
        for each in people:
            labels = [each.segments[column] for column in dimensions]
            writer.writerow([each.wave, each.company, each.person, *labels, each.answers[QUESTION]])
