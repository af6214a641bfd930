"""The codebook of a run: what each column of its files means, in every language of its version."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.export_table import Table
from analysis.response_columns import NOT_APPLICABLE
from surveys.models import Question, VersionItem, Wording, WordingText
from surveys.question_bank import Bank, fill, load_bank
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
    items = session.execute(
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
        .where(VersionItem.version_id.in_({wave.version_id for wave in run.waves}))
        .order_by(VersionItem.audience.desc(), VersionItem.position, WordingText.locale)
    )
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
            "; ".join(_values(row, bank)),
        ]
        for row in items
    ]
    return Table(CODEBOOK_HEADINGS, rows)


def _values(row: Any, bank: Bank) -> list[str]:
    """'1 = strongly disagree' and so on: of the listed answers, else of the scale (or its ends)."""
    labels = row.labels or {}
    values = [
        f"{option['value']} = {labels.get(str(option['value']), '')}"
        for option in row.options or ()
    ]
    scale = bank.scales.get(row.type)
    if not values and scale is not None:
        words = scale.labels[row.locale]
        stored = (scale.values[0], scale.values[-1]) if scale.has_ends_only else scale.values
        values = [f"{value} = {word}" for value, word in zip(stored, words, strict=True)]
    if values and row.allows_unknown:
        values.append(f"{NOT_APPLICABLE} = don\u2019t know or does not apply")
    return values
