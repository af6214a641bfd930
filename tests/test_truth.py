"""What was planted is found by the product's own counting and statistics.

tests/test_simulator_truth.py asks the same of a reference that shares no code with the product.
"""

import pytest

from bench.planted import QUICK_SIZES, SEEDS, missed_limits
from bench.truth import result_of


@pytest.mark.parametrize("size", QUICK_SIZES)
def test_the_product_finds_what_was_planted_in_twenty_workspaces(size: str) -> None:
    found = [result_of(seed, size) for seed in SEEDS["small"]]

    assert missed_limits(found, size, has_slack=True) == []
