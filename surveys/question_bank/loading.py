"""Reads the data files into a `Bank`. Judges nothing: that is the work of `version_check.py`.

The files in `data/` are part of the program, so a malformed one is a programming fault and raises
whatever tomllib or a missing key raises; the tests load them all.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from surveys.question_bank.model import (
    LOCALES,
    Answer,
    Bank,
    BankQuestion,
    ConfidentialityPromise,
    Disclosure,
    Driver,
    ItemRule,
    Letter,
    Limits,
    MailPart,
    MailText,
    PageTexts,
    Prompts,
    Rotation,
    RotationWave,
    Route,
    Scale,
    Template,
    TemplateItem,
    Text,
    Unit,
    Wording,
)
from surveys.terms import Audience, MailKind, Mode, QuestionKind, QuestionType

# A parsed TOML table: its values are read by name right below, and typed on the way.
Table = Mapping[str, Any]


@cache
def load_bank() -> Bank:
    """The question bank, read once per process (about 20 ms) and shared: it cannot be changed."""
    drivers = tuple(_driver(table) for table in _read("drivers")["drivers"])
    scales = {scale.type: scale for scale in [_scale(*pair) for pair in _read("scales").items()]}
    page = _page(_read("page"))
    statements = [_statement(t, drivers, page) for t in _read("statements")["statements"]]
    others = [q for t in _read("outcomes")["questions"] for q in _questions(t, drivers, scales)]
    questions = (*statements, *others)
    mails = _read("mails")
    return Bank(
        drivers=drivers,
        questions=questions,
        scales=MappingProxyType(scales),
        page=page,
        letter=Letter(**{key: _text(table) for key, table in mails["letter"].items()}),
        mails=tuple(_mail(t, locale) for t in mails["mails"] for locale in LOCALES),
        templates=tuple(_template(t, questions) for t in _read("templates")["templates"]),
    )


def _read(name: str) -> Table:
    source = files("surveys.question_bank").joinpath("data", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _text(table: Table) -> Text:
    return MappingProxyType({locale: str(text) for locale, text in table.items()})


def _driver(table: Table) -> Driver:
    return Driver(
        code=table["code"],
        position=table["position"],
        name=_text(table["name"]),
        covers=table["covers"],
        importance=_text(table["importance"]),
        prompt_low=_text(table["prompts"]["low"]),
        prompt_high=_text(table["prompts"]["high"]),
    )


def _scale(name: str, table: Table) -> Scale:
    labels = table.get("steps") or table["ends"]
    return Scale(
        type=QuestionType(name),
        values=tuple(table["values"]),
        allows_unknown=table["allows_unknown"],
        labels=MappingProxyType({locale: tuple(labels[locale]) for locale in labels}),
    )


# --- questions ---------------------------------------------------------------------------------


def _statement(table: Table, drivers: Sequence[Driver], page: PageTexts) -> BankQuestion:
    driver = next(driver for driver in drivers if driver.code == table["driver"])
    is_core = table["code"] == driver.code
    return BankQuestion(
        code=table["code"],
        kind=QuestionKind.CORE if is_core else QuestionKind.FOLLOW_UP,
        driver=driver.code,
        wordings=MappingProxyType(
            {a: _statement_wording(a, _text(table[a.value]), driver, page) for a in Audience}
        ),
        confirmed=MappingProxyType(dict(table.get("confirmed", {}))),
    )


def _statement_wording(audience: Audience, text: Text, driver: Driver, page: PageTexts) -> Wording:
    return Wording(
        audience=audience,
        type=QuestionType.AGREE5,
        text=text,
        allows_unknown=True,
        heading=page.statement_heading[audience],
        prompts=MappingProxyType(
            {locale: _prompts(audience, locale, driver, page) for locale in text}
        ),
    )


def _prompts(audience: Audience, locale: str, driver: Driver, page: PageTexts) -> Prompts:
    if audience is Audience.INTERNAL:
        prompt = page.internal_prompt[locale]
        return Prompts(low=prompt, middle=prompt, high=prompt)
    return Prompts(
        low=driver.prompt_low[locale],
        middle=page.middle_prompt[locale],
        high=driver.prompt_high[locale],
    )


def _questions(
    table: Table, drivers: Sequence[Driver], scales: Mapping[QuestionType, Scale]
) -> Iterator[BankQuestion]:
    """One question, or one for each driver where the table says so."""
    if not table.get("per_driver", False):
        yield _question(table, None, scales)
        return
    for driver in drivers:
        yield _question(table, driver, scales)


def _question(
    table: Table, driver: Driver | None, scales: Mapping[QuestionType, Scale]
) -> BankQuestion:
    code: str = table["code"]
    return BankQuestion(
        code=code if driver is None else code.replace("{driver}", driver.code),
        kind=QuestionKind(table["kind"]),
        driver=None if driver is None else driver.code,
        wordings=MappingProxyType(
            {a: _wording(a, table, driver, scales) for a in Audience if a.value in table}
        ),
        confirmed=MappingProxyType(dict(table.get("confirmed", {}))),
    )


def _wording(
    audience: Audience,
    table: Table,
    driver: Driver | None,
    scales: Mapping[QuestionType, Scale],
) -> Wording:
    own: Table = table[audience.value]
    kind = QuestionType(own["type"])
    by_scale = kind in scales and scales[kind].allows_unknown
    is_importance = own["text"] == "importance" and driver is not None
    is_listed = kind in (QuestionType.ONE, QuestionType.MANY)
    return Wording(
        audience=audience,
        type=kind,
        text=driver.importance if driver is not None and is_importance else _text(own["text"]),
        allows_unknown=own.get("allows_unknown", by_scale),
        heading=_text(own["heading"]) if "heading" in own else None,
        answers=_answers(own.get("answers", table.get("answers", ()))) if is_listed else (),
        unit=Unit(own.get("unit", "percent")) if kind is QuestionType.SHARE11 else None,
    )


def _answers(tables: Sequence[Table]) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            value=table["value"],
            text=_text({locale: table[locale] for locale in LOCALES}),
            route=Route(table.get("route", "continue")),
        )
        for table in tables
    )


# --- page texts and mails ----------------------------------------------------------------------


def _page(table: Table) -> PageTexts:
    headings = table["statement_heading"]
    return PageTexts(
        statement_heading=MappingProxyType({a: _text(headings[a.value]) for a in Audience}),
        sections=MappingProxyType({key: _text(t) for key, t in table["sections"].items()}),
        promises=tuple(_promise(t) for t in table["promises"]),
        disclosure=Disclosure(**{key: _text(t) for key, t in table["disclosure"].items()}),
        **{key: _text(t) for key, t in table["fixed"].items()},
    )


def _promise(table: Table) -> ConfidentialityPromise:
    return ConfidentialityPromise(
        audience=Audience(table["audience"]),
        mode=Mode(table["mode"]),
        text=_text(table["text"]),
        segments=_text(table["segments"]) if "segments" in table else None,
    )


def _mail(table: Table, locale: str) -> MailText:
    return MailText(
        kind=MailKind(table["kind"]),
        locale=locale,
        subject=table["subject"][locale],
        paragraphs=tuple(tuple(map(_mail_part, p)) for p in table["body"][locale]),
        has_unsubscribe=table["has_unsubscribe"],
    )


def _mail_part(part: str | Table) -> MailPart:
    if isinstance(part, str):
        return MailPart(text=part)
    return MailPart(
        text=part["text"],
        not_in=frozenset(map(Mode, part.get("not_in", ()))),
        needs=part.get("needs"),
    )


# --- templates ---------------------------------------------------------------------------------


def _template(table: Table, questions: Sequence[BankQuestion]) -> Template:
    return Template(
        key=table["key"],
        name=_text(table["name"]),
        limits=Limits(**table["limits"]),
        items=tuple(i for a in Audience for i in _items(table[a.value], a, questions)),
        rotation=_rotation(table["rotation"]) if "rotation" in table else None,
    )


def _items(
    groups: Sequence[Table], audience: Audience, questions: Sequence[BankQuestion]
) -> Iterator[TemplateItem]:
    asked = [(group, code) for group in groups for code in _codes(group["ask"], questions)]
    types = {q.code: q.wordings[audience].type for q in questions if audience in q.wordings}
    for position, (group, code) in enumerate(asked, start=1):
        yield TemplateItem(
            question=code,
            audience=audience,
            position=position,
            section=group.get("section"),
            rule=ItemRule(group["rule"]) if "rule" in group else None,
            has_comment=types[code] is QuestionType.AGREE5,
        )


def _codes(asked: Sequence[str], questions: Sequence[BankQuestion]) -> Iterator[str]:
    """The codes asked for; the name of a kind stands for all its questions in stored order."""
    for name in asked:
        of_kind = [q.code for q in questions if q.kind == name]
        yield from of_kind if name in ("core", "follow_up", "importance") else [name]


def _rotation(table: Table) -> Rotation:
    return Rotation(
        waves=tuple(
            RotationWave(
                key=wave["key"],
                drivers=tuple(wave["drivers"]),
                outcome=wave.get("outcome"),
                has_follow_up=wave.get("follow_up", False),
            )
            for wave in table["waves"]
        ),
        apart=tuple(frozenset(group) for group in table["apart"]),
    )
