"""The codebook of a run: what each column of its files means, in every language of its version."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from analysis.export_table import Table
from analysis.response_columns import NOT_APPLICABLE, Meaning
from surveys.models import Question, VersionItem, Wave, Wording, WordingText
from surveys.question_bank import Bank, fill, load_bank
from surveys.question_shapes import PER_ROW
from surveys.terms import QuestionType
from surveys.waves import Run
from surveys.workspace import workspace

CODEBOOK_HEADINGS = (
    "audience",
    "position",
    "question",
    "driver",
    "type",
    "series",
    "comment_column",
    "language",
    "text",
    "values",
)


def codebook_table(session: Session, run: Run) -> Table:
    """Every question of the run's version: type, scale, stored values, wording per language.

    The vendor's name stands in the wordings as respondents read it.
    """
    vendor = workspace(session).vendor
    items = _items(session, {wave.version_id for wave in run.waves})
    bank = load_bank()
    rows = [
        [
            row.audience.value,
            row.position,
            row.code,
            row.driver_code,
            row.type.value,
            row.series,
            f"{row.code}_why" if row.has_comment else None,
            row.locale,
            fill(row.text, vendor=vendor),
            "; ".join(_words(row, bank)),
        ]
        for row in items
    ]
    return Table(CODEBOOK_HEADINGS, rows)


def meanings(session: Session, wave: Wave, locale: str) -> dict[str, Meaning]:
    """What each question of the wave means, by its code; in another language where this lacks."""
    vendor = workspace(session).vendor
    bank = load_bank()
    found: dict[str, Meaning] = {}
    for row in _items(session, {wave.version_id}):
        if row.audience is wave.audience and (row.locale == locale or row.code not in found):
            text = fill(row.text, vendor=vendor)
            unknown = bank.page.unknown[row.locale]
            found[row.code] = Meaning(text, _labels(row, bank), unknown)
            for option, label in _rows(row).items():
                words = f"{text} {fill(label, vendor=vendor)}"
                found[f"{row.code}__{option}"] = Meaning(words, _labels(row, bank), unknown)
    return found


def _items(session: Session, version_ids: Collection[int]) -> list[Row[Any]]:
    """Every question in every language; partners' first, in the order of the questionnaire."""
    query = (
        select(
            VersionItem.audience,
            VersionItem.position,
            VersionItem.has_comment,
            Question.code,
            Question.driver_code,
            Wording.type,
            Wording.series,
            Wording.options,
            Wording.allows_unknown,
            WordingText.locale,
            WordingText.text,
            WordingText.labels,
        )
        .join(Question, Question.id == VersionItem.question_id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .join(WordingText, WordingText.wording_id == Wording.id)
        .where(VersionItem.version_id.in_(version_ids))
        .order_by(VersionItem.audience.desc(), VersionItem.position, WordingText.locale)
    )
    return list(session.execute(query))


def _words(row: Any, bank: Bank) -> list[str]:
    """'1 = strongly disagree' and so on, and what stands for "don't know"."""
    values = [f"{row.code}__{option}: {label}" for option, label in _rows(row).items()]
    values += [f"{value} = {word}" for value, word in _labels(row, bank).items()]
    if values and row.allows_unknown:
        values.append(f"{NOT_APPLICABLE} = don\u2019t know or does not apply")
    return values


def _rows(row: Any) -> dict[int, str]:
    """The rows of a matrix or ranking, each a column of its own."""
    if row.type not in PER_ROW:
        return {}
    labels = row.labels or {}
    return {option["value"]: labels.get(str(option["value"]), "") for option in row.options}


def _labels(row: Any, bank: Bank) -> dict[int, str]:
    """The words of stored values: of the listed answers, else of the scale (or its ends)."""
    if row.type is QuestionType.RANK:
        return {place: str(place) for place in range(1, len(row.options) + 1)}
    if row.options and row.type not in PER_ROW:
        labels = row.labels or {}
        return {option["value"]: labels.get(str(option["value"]), "") for option in row.options}
    scale = bank.scales.get(row.type)
    if scale is None:
        return {}
    words = scale.labels[row.locale]
    stored = (scale.values[0], scale.values[-1]) if scale.has_ends_only else scale.values
    return dict(zip(stored, words, strict=True))
