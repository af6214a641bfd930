"""Pages of results: thin edges around the typed pages of `dashboard.py` and its neighbours."""

from analysis.web import (
    board,
    calibration,
    comment_changes,
    comments,
    drivers,
    export,
    exposure,
    overview,
    participation,
    partner_results,
    trend,
)

BLUEPRINTS = (
    overview.bp,
    trend.bp,
    board.bp,
    drivers.bp,
    comments.bp,
    comment_changes.bp,
    calibration.bp,
    participation.bp,
    export.bp,
    exposure.bp,
    partner_results.bp,
)
