"""Which language a comment is taken for."""

import pytest

from analysis.sentiment.language import UNKNOWN, language_of, normal_code

PLAIN = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
COMMENTS = [
    ("pl", "Marże spadają z kwartału na kwartał i nikt nam nie mówi dlaczego"),
    ("pl", "Opiekun handlowy zmienia się zbyt często"),
    ("pl", "Chcielibyśmy dostawać więcej leadów z kampanii"),
    ("pl", "Proszę o szybszą akceptację rejestracji projektów"),
    ("pl", "Wszystko działa bez zarzutu"),
    ("en", "Margins keep falling and nobody tells us why"),
    ("en", "Our account manager changes far too often"),
    ("en", "We would like to receive more leads from your campaigns"),
    ("en", "Please approve deal registrations faster"),
    ("en", "Everything works as it should"),
    ("de", "Die Margen sind zu niedrig und niemand antwortet uns"),
    ("fr", "Les marges sont trop faibles et personne ne nous répond"),
    ("es", "Los márgenes son muy bajos y nadie nos responde"),
    ("cs", "Marže jsou příliš nízké a nikdo nám neodpovídá"),
]


@pytest.mark.parametrize(("language", "text"), COMMENTS)
def test_full_comments_are_recognised_without_a_prior(language: str, text: str) -> None:
    assert language_of(text.split(), prior=None) == language


@pytest.mark.parametrize(("language", "text"), COMMENTS[:10])
def test_the_wrong_prior_does_not_win_over_a_clear_comment(language: str, text: str) -> None:
    other = "en" if language == "pl" else "pl"

    assert language_of(text.split(), prior=other) == language


@pytest.mark.parametrize(("language", "text"), COMMENTS[:10])
def test_four_words_without_diacritics_are_recognised_with_the_prior(
    language: str, text: str
) -> None:
    assert language_of(text.translate(PLAIN).split()[:4], prior=language) == language


def test_under_three_words_the_prior_is_trusted() -> None:
    assert language_of(["super", "support"], prior="pl") == "pl"
    assert language_of(["super", "support"], prior="en") == "en"


def test_other_scripts_are_unknown_rather_than_guessed() -> None:
    assert language_of(["это", "очень", "плохо", "для", "нас"], prior="pl") == UNKNOWN


def test_numbers_alone_keep_the_prior() -> None:
    assert language_of(["12", "34", "56"], prior="pl") == "pl"
    assert language_of(["12", "34", "56"], prior=None) == UNKNOWN


def test_codes_with_regions_are_understood_and_strange_ones_ignored() -> None:
    assert normal_code("pl-PL") == normal_code("PL_pl") == "pl"
    assert normal_code("xx") is None
    assert normal_code("") is None
    assert normal_code(None) is None
