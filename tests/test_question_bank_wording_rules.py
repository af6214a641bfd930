"""Patterns for one claim and for the traps of both languages, with what each lets through."""

import pytest

from surveys.question_bank import ProblemCode, text_traps
from surveys.question_bank.wording_rules import (
    bare_possessive,
    familiar_address,
    gendered_vendor,
    inflected_vendor,
    second_claim,
)


@pytest.mark.parametrize(
    ("text", "locale", "found"),
    [
        ("It listens and acts.", "en", "and"),
        ("It is fast or cheap.", "en", "or"),
        ("It listens; it acts.", "en", ";"),
        ("AND so on", "en", "AND"),
        ("Słucha i reaguje.", "pl", "i"),
        ("Słucha oraz reaguje.", "pl", "oraz"),
        ("Szybko lub tanio.", "pl", "lub"),
        ("Szybko albo tanio.", "pl", "albo"),
        ("Nie blokuje ani nie podkopuje.", "pl", "ani"),
        ("Słucha; reaguje.", "pl", ";"),
    ],
)
def test_a_joining_word_may_bring_a_second_claim(text: str, locale: str, found: str) -> None:
    assert second_claim(text, locale) == found


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("The brand offers orders, not a band.", "en"),
        ("Inni widzą wyniki, lubią liczby.", "pl"),
        ("Słucha i reaguje.", "en"),
        ("anything and everything", "de"),
    ],
)
def test_a_word_that_only_contains_one_is_let_through(text: str, locale: str) -> None:
    assert second_claim(text, locale) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Współpraca z {v} jest łatwa.", "z {v}"),
        ("W {v} szybko docieramy do właściwej osoby.", "W {v}"),
        ("Leady od {v} są warte czasu.", "od {v}"),
        ("Dzięki {v} wygrywamy.", "Dzięki {v}"),
        ("Działają przeciwko {vendor}.", "przeciwko {vendor}"),
        ("Możemy otwarcie powiedzieć {v}, że coś nie działa.", "powiedzieć {v}"),
        ("Polecamy {v} klientom.", "Polecamy {v}"),
        ("Nasi klienci kupują {v}.", "kupują {v}"),
        ("Sieć {v} działa, ale trudno polubić {v}.", "polubić {v}"),
    ],
)
def test_vendor_name_in_a_place_that_needs_a_case_is_found(text: str, found: str) -> None:
    assert inflected_vendor(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Współpraca z firmą {v} jest łatwa.",
        "Nasi opiekunowie z firmy {v} znają nasz biznes.",
        "W firmie {v} szybko docieramy do właściwej osoby.",
        "{v} reaguje na nasze uwagi.",
        "Zarząd {v} rozumie, na czym zarabiają partnerzy.",
        "Sieć {v} jest duża.",
        "Jakość produktów {v} rośnie.",
        "Programy {v} są jasne.",
        "Co sądzą Państwo o marżach?",
    ],
)
def test_vendor_name_as_subject_or_after_a_noun_is_let_through(text: str) -> None:
    assert inflected_vendor(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{v} powinien nas słuchać.", "{v} powinien"),
        ("Co {v} powinna zmienić?", "{v} powinna"),
        ("Co powinien {v} zmienić?", "powinien {v}"),
        ("{v} zapytał nas o zdanie.", "{v} zapytał"),
        ("Gdy {v} otwarcie przyznała się do błędu, było łatwiej.", "{v} otwarcie przyznała"),
        ("{v} nie wypłaciło premii.", "{v} nie wypłaciło"),
        ("{v} mógłby pytać częściej.", "{v} mógłby"),
        ("Co zrobiła {v}?", "zrobiła {v}"),
        ("{v} ceni swoich ludzi i jej partnerów.", "jej"),
        ("{v} pokazuje jego wyniki.", "jego"),
    ],
)
def test_gender_of_the_vendor_is_found(text: str, found: str) -> None:
    assert gendered_vendor(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Co firma {v} powinna zmienić w pierwszej kolejności?",
        "Zarząd {v} zapytał nas o zdanie.",
        "{v} wysyła nam leady na czas.",
        "{v} działa sprawnie.",
        "Gdy {v} popełnia błąd, otwarcie się do niego przyznaje.",
        "{v} trzyma się swoich zasad.",
        "Co powinno być lepiej nagradzane?",
        "Jej zespół zmienił zasady.",
    ],
)
def test_vendor_without_gender_is_let_through(text: str) -> None:
    assert gendered_vendor(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Czy polecisz nas Twojej firmie?", "Twojej"),
        ("Dzięki, że ty nas znasz.", "ty"),
        ("Czekamy na Ciebie.", "Ciebie"),
        ("Jak się Wam pracuje?", "Wam"),
        ("Wasz opiekun", "Wasz"),
        ("Powiedzieliście, że rejestracja trwa za długo.", "Powiedzieliście"),
        ("Zapisałeś odpowiedzi.", "Zapisałeś"),
        ("Co zmieniłabyś?", "zmieniłabyś"),
        ("Czy zauważyli Państwo zmianę?", "zauważyli Państwo"),
        ("Co poleciliby Państwo innym?", "poleciliby Państwo"),
        ("Państwo widzieli wyniki.", "Państwo widzieli"),
    ],
)
def test_familiar_or_gendered_address_of_the_reader_is_found(text: str, found: str) -> None:
    assert familiar_address(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Jeśli wolą Państwo nie odpowiadać, nie trzeba nic robić.",
        "Jeśli Państwo wolą, można przerwać.",
        "O czym chcieliby Państwo porozmawiać?",
        "Państwa odpowiedzi są zapisane.",
        "Co zauważono w porę?",
        "Oczywiście ci partnerzy mogą przerwać w każdej chwili.",
        "Nasi partnerzy powiedzieliby, że…",
    ],
)
def test_polite_and_impersonal_forms_are_let_through(text: str) -> None:
    assert familiar_address(text) is None


@pytest.mark.parametrize("text", ["{v}' rules", "{v}’ rules", "{vendor}' team"])
def test_english_genitive_of_a_name_always_has_its_s(text: str) -> None:
    assert bare_possessive(text) is not None
    assert bare_possessive(text.replace("'", "'s").replace("’", "’s")) is None


def test_traps_belong_to_their_language() -> None:
    assert text_traps("Współpraca z {v}", "pl") == [(ProblemCode.INFLECTED_VENDOR, "z {v}")]
    assert text_traps("Współpraca z {v}", "en") == []
    assert text_traps("{v}' rules", "en") == [(ProblemCode.BARE_POSSESSIVE, "{v}'")]
    assert text_traps("Współpraca z {v}", "de") == []
