"""The columns of a published cell, and the figure that they keep."""

from typing import Any

from analysis.figures import Figure
from analysis.segment_keys import segment_key
from analysis.suppression import RowKey
from surveys.terms import CellState


def published_row(wave_id: int, metric: str, key: RowKey, figure: Figure) -> dict[str, Any]:
    """What is stored of one figure; a hidden one keeps its reason and nothing else."""
    is_hidden = figure.state is CellState.HIDDEN
    return {
        "wave_id": wave_id,
        "metric": metric,
        "dimension": key.dimension,
        "segment": segment_key([member[0] for member in key.members]) if key.members else "",
        "state": figure.state,
        "reason": figure.reason,
        "n": None if is_hidden else figure.n,
        "n_companies": None if is_hidden else figure.n_companies,
        "value": None if is_hidden else figure.value,
        "figures": figure.to_json(),
    }
