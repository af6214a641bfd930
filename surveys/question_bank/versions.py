"""Turns a template and the bank's wordings into the items that the checks and the clock read.

A stored version is built from the same two by the operation that publishes it; this module knows
no tables.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from surveys.question_bank.model import (
    Answer,
    Bank,
    BankQuestion,
    Rotation,
    RotationWave,
    Template,
    VersionItem,
)
from surveys.terms import Audience, QuestionKind


def version_items(bank: Bank, template: Template) -> tuple[VersionItem, ...]:
    """Every item that a template may ever ask, of both audiences, in order.

    Raises UnknownCode if the template names a question that the bank lacks.
    """
    return tuple(
        version_item(bank.question(item.question), audience=item.audience, position=item.position)
        for item in template.items
    )


def version_item(question: BankQuestion, *, audience: Audience, position: int) -> VersionItem:
    """A question of the bank at its place in a version; KeyError if this audience has none."""
    wording = question.wordings[audience]
    return VersionItem(
        question=question.code,
        driver=question.driver,
        kind=question.kind,
        position=position,
        audience=audience,
        type=wording.type,
        texts=wording.text,
        headings=wording.heading,
        answers=_answers_by_locale(wording.answers),
        confirmed=question.confirmed,
    )


def items_of_wave(
    items: Sequence[VersionItem], wave: RotationWave, *, slot: str | None
) -> tuple[VersionItem, ...]:
    """What one wave of a rotation asks: its drivers' core, the slot's question, and all the rest.

    `slot` is the code that `rotation.slot_question` chose. Left out are the other core questions,
    follow-ups and outcomes, but never a recommend question.
    """
    return tuple(item for item in items if _is_asked(item, wave, slot))


def possible_waves(
    items: Sequence[VersionItem], rotation: Rotation | None
) -> list[Sequence[VersionItem]]:
    """What one audience can be asked in one wave: everything, or each wave with each slot."""
    if rotation is None:
        return [items]
    return [
        items_of_wave(items, wave, slot=slot)
        for wave in rotation.waves
        for slot in _slots(items, wave)
    ]


def _slots(items: Sequence[VersionItem], wave: RotationWave) -> list[str | None]:
    follow_ups: list[str | None] = [
        item.question
        for item in items
        if item.kind is QuestionKind.FOLLOW_UP and item.driver in wave.drivers
    ]
    return [wave.outcome, *(follow_ups if wave.has_follow_up else [])]


def _is_asked(item: VersionItem, wave: RotationWave, slot: str | None) -> bool:
    if item.kind is QuestionKind.CORE:
        return item.driver in wave.drivers
    rotates = item.kind in (QuestionKind.FOLLOW_UP, QuestionKind.OUTCOME)
    return not rotates or item.question == slot or is_recommend(item.question)


def opens_new_series(old: VersionItem, new: VersionItem) -> bool:
    """Whether a changed wording of a locked code must not be compared with what it was.

    True for another type, another text or other answers in a language that both have; a language
    that joins, or a confirmed warning, changes nothing. Charts mark the break.
    """
    shared = old.texts.keys() & new.texts.keys()
    return old.type != new.type or any(_reads(old, each) != _reads(new, each) for each in shared)


def _reads(item: VersionItem, locale: str) -> tuple[str, ...]:
    heading = (item.headings or {}).get(locale, "")
    return (heading, item.texts[locale], *(item.answers or {}).get(locale, ()))


def is_recommend(code: str) -> bool:
    """Whether a code is the recommendation question or a staff prediction of its two ends."""
    return code in ("recommend", "recommend_high", "recommend_low")


def _answers_by_locale(answers: Sequence[Answer]) -> Mapping[str, tuple[str, ...]] | None:
    if not answers:
        return None
    locales = answers[0].text
    return MappingProxyType({each: tuple(a.text[each] for a in answers) for each in locales})
