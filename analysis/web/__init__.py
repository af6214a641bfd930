"""Pages of results: thin edges around the typed pages of `dashboard.py` and its neighbours."""

from analysis.web import comments, drivers, overview

BLUEPRINTS = (overview.bp, drivers.bp, comments.bp)
