"""Invented companies and people, in Polish and English.

Company names are syllables, a word for the trade and a legal form, and never a known brand;
all mail domains end in `.example`, so no message can reach anybody.
Source: method of the simulator, section 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from analysis.simulator.data_files import rows_of, without_marks
from analysis.simulator.randomness import Dice, Weighted, one_of
from analysis.simulator.rows import Language, Role, Team

VENDOR_NAME = "Nordvik Systems"
VENDOR_DOMAIN = "nordvik.example"

SHORTEST_BRAND_INSIDE = 4
"""A brand of at least this many letters is refused inside a longer name, too."""

_LEGAL_FORMS: dict[str, Weighted[str]] = {
    "PL": Weighted(("Sp. z o.o.", "S.A.", "Sp.k.", "sp.j."), (0.72, 0.10, 0.10, 0.08)),
    "GB": Weighted(("Ltd", "LLP"), (0.9, 0.1)),
    "IE": Weighted(("Ltd",), (1,)),
    "NL": Weighted(("B.V.",), (1,)),
    "SE": Weighted(("AB",), (1,)),
    "DK": Weighted(("ApS", "A/S"), (0.7, 0.3)),
    "LT": Weighted(("UAB",), (1,)),
    "EE": Weighted(("OÜ",), (1,)),
}

_JOB_TITLES: dict[tuple[Language, Role | Team], tuple[str, ...]] = {
    ("pl", "owner"): ("Prezes zarządu", "Członek zarządu", "Zarząd"),
    ("pl", "sales"): ("Kierownik sprzedaży", "Dział sprzedaży", "Obsługa klienta"),
    ("pl", "technical"): ("Kierownik techniczny", "Dział wdrożeń", "Doradztwo techniczne"),
    ("pl", "marketing"): ("Kierownik marketingu", "Dział marketingu"),
    ("pl", "finance"): ("Dział finansowy", "Dział zakupów"),
    ("en", "owner"): ("Managing director", "Co-founder", "Owner"),
    ("en", "sales"): ("Sales manager", "Account executive", "Head of sales"),
    ("en", "technical"): ("Technical lead", "Solutions architect", "Presales engineer"),
    ("en", "marketing"): ("Marketing manager", "Marketing specialist"),
    ("en", "finance"): ("Finance manager", "Purchasing specialist"),
    ("pl", "channel_sales"): ("Zespół partnerski", "Kierownik kanału partnerskiego"),
    ("pl", "support"): ("Wsparcie techniczne", "Dział serwisu"),
    ("pl", "management"): ("Dyrekcja", "Członek zarządu"),
    ("en", "channel_sales"): ("Channel manager", "Partner account manager"),
    ("en", "support"): ("Support engineer", "Customer support"),
    ("en", "management"): ("Director", "Vice president"),
}


@dataclass(frozen=True, slots=True)
class CompanyName:
    """A name as written and its mail domain."""

    name: str
    mail_domain: str


@dataclass(frozen=True, slots=True)
class PersonName:
    """First and last name; Polish surnames agree with the gender of the first name."""

    first: str
    last: str


def company_name(dice: Dice, country: str, *, taken: set[str]) -> CompanyName:
    """A new company name whose mail domain is not in `taken`; adds the domain to it."""
    language: Language = "pl" if country == "PL" else "en"
    while True:
        stem = "".join(one_of(dice, _parts(language, kind)) for kind in ("head", "middle", "tail"))
        word = one_of(dice, _parts(language, "word"))
        legal_form = _LEGAL_FORMS[country].draw(dice)
        domain = _free_domain(stem, word, taken)
        if domain is not None and not is_denied(stem):
            taken.add(domain)
            return CompanyName(f"{stem} {word} {legal_form}", domain)


def is_denied(stem: str) -> bool:
    """Whether an invented word is or contains a known brand or an unlucky fragment."""
    return _denied().search(_letters(stem)) is not None


def person_name(dice: Dice, language: Language) -> PersonName:
    """A first and a last name; women and men are equally likely."""
    is_woman = dice() < 0.5
    first = one_of(dice, _people(language, "female" if is_woman else "male"))[0]
    surname, female_form = one_of(dice, _people(language, "surname"))
    return PersonName(first, female_form if is_woman else surname)


def email_address(name: PersonName, domain: str, *, taken: set[str]) -> str:
    """first.last@domain without diacritics, numbered if taken; adds the address to `taken`."""
    local = f"{_letters(name.first)}.{_letters(name.last)}"
    address, number = f"{local}@{domain}", 1
    while address in taken:
        number += 1
        address = f"{local}{number}@{domain}"
    taken.add(address)
    return address


def job_title(dice: Dice, language: Language, role: Role | Team) -> str:
    """A title that fits the role, in words that fit women and men."""
    return one_of(dice, _JOB_TITLES[language, role])


def _free_domain(stem: str, word: str, taken: set[str]) -> str | None:
    short = _letters(stem)
    long = f"{short}-{_letters(word)}"
    free = (f"{label}.example" for label in (short, long) if f"{label}.example" not in taken)
    return next(free, None)


@cache
def _letters(text: str) -> str:
    """Letters and digits only, small and without diacritics."""
    return "".join(letter for letter in without_marks(text).lower() if letter.isalnum())


@cache
def _parts(language: Language, kind: str) -> tuple[str, ...]:
    return tuple(
        row["text"]
        for row in rows_of("companies.tsv")
        if row["language"] == language and row["kind"] == kind
    )


@cache
def _people(language: Language, kind: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (row["name"], row["female_form"])
        for row in rows_of("people.tsv")
        if row["language"] == language and row["kind"] == kind
    )


@cache
def _denied() -> re.Pattern[str]:
    """Matches anywhere, but a short brand only as a whole."""
    inside: list[str] = []
    whole: list[str] = []
    for row in rows_of("deny.tsv"):
        word = re.escape(_letters(row["text"]))
        is_short = row["kind"] == "brand" and len(word) < SHORTEST_BRAND_INSIDE
        (whole if is_short else inside).append(word)
    return re.compile(f"{'|'.join(inside)}|^(?:{'|'.join(whole)})$")
