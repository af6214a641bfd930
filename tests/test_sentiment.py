"""The door of the sentiment package: what a comment is understood to say."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.sentiment import Label, Purpose, Sentiment, analyse, analyse_many, analyser
from analysis.sentiment.lexicon import FOLDER, rows

PLAIN = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
POLISH_WORDS = sorted(
    {
        word.strip("*")
        for file in ("pl_general", "pl_business", "pl_cues", "pl_drivers", "pl_quiet_exit")
        for row in rows(FOLDER / f"{file}.tsv")
        for pattern in row[-1].split(",")
        for word in pattern.replace("/", " ").split()
        if word not in ("..", "...")
    }
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def verdict(sentiment: Sentiment) -> object:
    """Everything that must not hang on the spelling."""
    return (
        sentiment.label,
        sentiment.score,
        sentiment.confidence,
        sentiment.quiet_exit,
        sentiment.language,
        [(mention.driver, mention.polarity) for mention in sentiment.drivers],
        [(piece.start, piece.end, piece.purpose) for piece in sentiment.evidence],
        [(clause.start, clause.end, clause.polarity) for clause in sentiment.clauses],
    )


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Świetna współpraca, polecamy!", Label.POSITIVE),
        ("Nasz opiekun zawsze odbiera telefon i zna nasz biznes.", Label.POSITIVE),
        ("Nie mamy żadnych zastrzeżeń.", Label.POSITIVE),
        ("Marże są za niskie.", Label.NEGATIVE),
        ("Nikt nie odpowiada na nasze zgłoszenia.", Label.NEGATIVE),
        ("Nie jestem zadowolony z tej współpracy.", Label.NEGATIVE),
        ("Opiekun jest świetny, ale marże są fatalne.", Label.MIXED),
        ("Sprzedajemy głównie do sektora publicznego.", Label.NEUTRAL),
    ],
)
def test_polish_comments_get_the_label_a_reader_would_give(text: str, label: Label) -> None:
    assert analyse(text, prior="pl").label is label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Great support, we highly recommend working with you.", Label.POSITIVE),
        ("No complaints at all.", Label.POSITIVE),
        ("Margins are far too low.", Label.NEGATIVE),
        ("Nobody answers our tickets.", Label.NEGATIVE),
        ("The portal is not easy to use.", Label.NEGATIVE),
        ("Our partner manager is excellent, but the margins are terrible.", Label.MIXED),
        ("We mostly sell to schools.", Label.NEUTRAL),
    ],
)
def test_english_comments_get_the_label_a_reader_would_give(text: str, label: Label) -> None:
    assert analyse(text, prior="en").label is label


def test_each_driver_is_judged_by_the_clause_that_names_it() -> None:
    found = analyse("Opiekun jest świetny, ale marże są fatalne.", prior="pl")

    polarity = {mention.driver: mention.polarity for mention in found.drivers}
    assert polarity["channel_people"] is Label.POSITIVE
    assert polarity["incentives"] is Label.NEGATIVE


def test_a_driver_in_a_clause_without_judgement_borrows_that_of_its_sentence() -> None:
    found = analyse("As for deal registration, it is a nightmare.", prior="en")

    assert [(d.driver, d.polarity) for d in found.drivers] == [("no_sabotage", Label.NEGATIVE)]


def test_a_driver_praised_and_blamed_is_mixed() -> None:
    found = analyse("The leads are excellent. The leads are terrible.", prior="en")

    assert [(d.driver, d.polarity) for d in found.drivers] == [("marketing", Label.MIXED)]


def test_quiet_exit_is_flagged_with_the_words_that_triggered_it() -> None:
    text = "Szczerze mówiąc, rozmawiamy już z innym producentem."

    found = analyse(text, prior="pl")

    assert found.quiet_exit
    words = [piece.text for piece in found.evidence if piece.purpose is Purpose.QUIET_EXIT]
    assert "rozmawiamy już z innym" in words


def test_an_ordinary_complaint_is_no_quiet_exit() -> None:
    assert not analyse("Marże są za niskie.", prior="pl").quiet_exit
    assert not analyse("Margins are too low.", prior="en").quiet_exit


def test_evidence_and_clauses_point_into_the_text_as_given() -> None:
    text = "  <b>Opiekun</b>\u200b jest s\u0301wietny,\n ale mar\u00adże   są fatalne!! "

    found = analyse(text, prior="pl")

    assert found.label is Label.MIXED
    assert [text[piece.start : piece.end] for piece in found.evidence] == [
        piece.text for piece in found.evidence
    ]
    assert {"s\u0301wietny", "fatalne"} <= {piece.text for piece in found.evidence}
    assert all(0 <= clause.start < clause.end <= len(text) for clause in found.clauses)


def test_score_has_the_sign_of_the_label() -> None:
    assert analyse("Fatalna obsługa.", prior="pl").score < -0.5
    assert analyse("Wspaniała obsługa.", prior="pl").score > 0.5


def test_a_language_without_a_measured_model_is_always_unsure() -> None:
    found = analyse("Der Support ist leider sehr schlecht und die Marge zu niedrig.")

    assert found.language == "de"
    assert found.label is Label.NEGATIVE
    assert found.is_unsure


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "12345 67", "?!...", "שלום עולם", "مرحبا", "\x00\x01", "<br><br>", "‮abc", "��"],
)
def test_what_says_nothing_is_unsure_and_never_an_error(text: str) -> None:
    found = analyse(text)

    assert found.is_unsure
    assert not found.evidence


def test_emoji_alone_carry_a_direction() -> None:
    assert analyse("😡😡", prior="pl").score < 0 < analyse("👍👍", prior="en").score


def test_a_language_given_as_certain_is_not_questioned() -> None:
    assert analyse("Margins are too low and nobody answers.", "pl-PL").language == "pl"


def test_many_comments_keep_their_order() -> None:
    texts = [("Świetnie.", "pl"), ("", None), ("Terrible.", "en")]

    assert [found.label for found in analyse_many(texts)] == [
        Label.POSITIVE,
        Label.NEUTRAL,
        Label.NEGATIVE,
    ]


def test_every_verdict_carries_analyser_name_version_and_digest() -> None:
    found = analyse("Dobrze.", prior="pl")

    name, version, digest = found.analyser.split()
    assert (name, found.analyser) == ("pulse-text", analyser())
    assert version[0].isdigit()
    assert len(digest) == 8


@given(st.lists(st.sampled_from(POLISH_WORDS), min_size=1, max_size=14), st.sampled_from(" ,.!"))
@quick
def test_stripping_polish_diacritics_changes_no_verdict(words: list[str], mark: str) -> None:
    text = f"{words[0]}{mark} {' '.join(words[1:])}"

    assert verdict(analyse(text, prior="pl")) == verdict(analyse(text.translate(PLAIN), prior="pl"))


@given(st.text(alphabet="aąeęloółszżźcćnń ,.!?-", max_size=80))
@quick
def test_stripping_diacritics_of_any_letters_changes_no_verdict(text: str) -> None:
    assert verdict(analyse(text)) == verdict(analyse(text.translate(PLAIN)))


def test_decomposed_letters_are_read_like_composed_ones() -> None:
    text = "Marże są śmieszne, a dział wciąż milczy."

    composed, decomposed = analyse(text), analyse(unicodedata.normalize("NFD", text))

    assert composed.label is decomposed.label
    assert composed.score == decomposed.score


@given(st.text(max_size=300))
@quick
def test_no_text_raises_or_leaves_the_scale(text: str) -> None:
    found = analyse(text)

    assert -1 <= found.score <= 1
    assert 0 <= found.confidence <= 1
    assert all(text[piece.start : piece.end] == piece.text for piece in found.evidence)


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = (
        "import sys, analysis.sentiment; "
        "print([m for m in ('textblob', 'nltk', 'numpy', 'vaderSentiment', 'py3langid') "
        "if m in sys.modules])"
    )

    # Our own interpreter runs our own line.
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[]"
