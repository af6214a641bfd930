"""A wave's place in its pool, in words of the page's language."""

from surveys.i18n import gettext, ngettext
from surveys.pools import PoolStatus


def pool_text(pool: PoolStatus) -> str:
    """One or two sentences: when the results come, or what they are results of."""
    place = {"position": pool.position, "size": pool.size}
    if pool.results_id is None:
        return gettext(
            "Wave %(position)s of %(size)s: results come together after wave %(size)s.", **place
        )
    if not pool.has_results:
        return gettext(
            "Wave %(position)s of %(size)s: its results are shown together with those of the later"
            " waves.",
            **place,
        )
    return f"{_published(pool)} {gettext('Of each person the latest answers count.')}"


def _published(pool: PoolStatus) -> str:
    if pool.n_held < pool.size:
        return ngettext(
            "The survey ended before all %(size)s waves were held: these are the results of"
            " %(num)s wave.",
            "The survey ended before all %(size)s waves were held: these are the results of"
            " %(num)s waves together.",
            pool.n_held,
            size=pool.size,
        )
    return ngettext("Results of %(num)s wave.", "Results of %(num)s waves together.", pool.n_held)
