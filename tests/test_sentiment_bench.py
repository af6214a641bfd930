"""How the figures about comments are worked out, on cases small enough to count by hand."""

import pytest

from analysis.sentiment import Label
from bench.text import read_probes
from bench.text_figures import Verdict, calibration_error, macro_f1, tally
from bench.text_outside import Known, outside, read_outside
from bench.train_text import sharpened

POSITIVE, NEGATIVE, NEUTRAL, MIXED = Label.POSITIVE, Label.NEGATIVE, Label.NEUTRAL, Label.MIXED


def test_f1_counts_hits_false_alarms_and_misses() -> None:
    found = tally([(True, True), (True, True), (True, False), (False, True), (False, False)])

    assert (found.n_right, found.n_false, found.n_missed) == (2, 1, 1)
    assert found.f1 == pytest.approx(2 / 3)
    assert found.as_json() == {"precision": 0.667, "recall": 0.667, "f1": 0.667}


def test_nothing_there_and_nothing_found_has_no_precision_and_an_f1_of_nought() -> None:
    assert tally([(False, False)]).as_json() == {"precision": None, "recall": None, "f1": 0.0}


def test_rare_labels_weigh_as_much_as_common_ones() -> None:
    verdicts = [Verdict(POSITIVE, POSITIVE, 0.9)] * 98 + [Verdict(NEGATIVE, POSITIVE, 0.9)] * 2

    # F1 is 2 * 98 / (2 * 98 + 2) for the common label and 0 for the rare one.
    assert macro_f1(verdicts, [POSITIVE, NEGATIVE]) == pytest.approx(196 / 198 / 2, abs=0.001)


def test_calibration_error_is_the_distance_between_confidence_and_success() -> None:
    honest = [Verdict(POSITIVE, POSITIVE, 0.75)] * 3 + [Verdict(POSITIVE, MIXED, 0.75)]
    boastful = [Verdict(NEUTRAL, NEUTRAL, 0.95), Verdict(NEUTRAL, POSITIVE, 0.95)]

    assert calibration_error(honest) == pytest.approx(0)
    assert calibration_error(boastful) == pytest.approx(0.45)
    assert calibration_error([*honest, *boastful]) == pytest.approx(0.15)


def test_sharpening_keeps_the_order_and_the_sum_of_chances() -> None:
    flat, sharp = sharpened([0.5, 0.3, 0.1, 0.1], 0.5), sharpened([0.5, 0.3, 0.1, 0.1], 2)

    assert sum(flat) == pytest.approx(1)
    assert sum(sharp) == pytest.approx(1)
    assert flat[0] < 0.5 < sharp[0]
    assert sharp == pytest.approx([25 / 36, 9 / 36, 1 / 36, 1 / 36], abs=1e-6)


def test_probes_try_negation_both_ways_and_irony_in_both_languages() -> None:
    probes = read_probes()

    kinds = {(probe.kind, probe.language, probe.is_good) for probe in probes}
    assert kinds == {
        ("negation", "pl", True),
        ("negation", "pl", False),
        ("negation", "en", True),
        ("negation", "en", False),
        ("irony", "pl", False),
        ("irony", "en", False),
    }


def test_what_is_known_of_an_outside_text_is_counted_against_what_was_found() -> None:
    known = [
        Known("partner", "en", "Margins are terrible.", NEGATIVE, {"incentives": NEGATIVE}, False),
        Known("partner", "en", "Great support, thank you very much!", NEGATIVE, {}, True),
    ]

    found = outside(known)["partner_en"]

    assert isinstance(found, dict)
    assert (found["n"], found["accuracy"]) == (2, 0.5)
    assert found["quiet_exit"] == {"precision": None, "recall": 0.0, "f1": 0.0}
    assert found["drivers"]["recall"] == found["drivers"]["polarity_right"] == 1.0


def test_outside_texts_are_of_both_kinds_and_languages_and_hold_every_label() -> None:
    rows = read_outside()

    assert {(row.kind, row.language) for row in rows} == {
        (kind, language) for kind in ("partner", "review") for language in ("pl", "en")
    }
    for language in ("pl", "en"):
        labels = {row.label for row in rows if (row.kind, row.language) == ("partner", language)}
        assert labels == set(Label)
