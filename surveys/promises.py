"""The confidentiality promise as one respondent reads it, in the mail and on the page.

One function for both, so that they cannot differ. Source: question bank, "confidentiality, before
the first question"; method of the quiet-exit radar, "disclosure".
"""

from collections.abc import Sequence

from surveys.i18n import gettext, ngettext
from surveys.question_bank import fill, load_bank
from surveys.terms import Audience, Mode


def promise_text(
    *,
    audience: Audience,
    mode: Mode,
    locale: str,
    vendor: str,
    min_people: int,
    min_companies: int,
    dimensions: Sequence[str],
    pooled_waves: int = 1,
) -> str:
    """What is promised before the first question, in the wave's own figures.

    `pooled_waves` = how many waves in a row may be published together.
    """
    # Staff answers are always confidential among colleagues, whatever partners were promised.
    promised = Mode.CONFIDENTIAL if audience is Audience.INTERNAL else mode
    with_segments = promised is Mode.ANONYMOUS and bool(dimensions)
    text = load_bank().page.promise(audience, promised, locale=locale, with_segments=with_segments)
    promise = fill(
        text,
        vendor=vendor,
        min_people=min_people,
        min_companies=min_companies,
        dimensions=", ".join(dimension_name(each) for each in dimensions),
    )
    return promise if pooled_waves == 1 else f"{promise} {_pool_text(pooled_waves)}"


def disclosure_text(*, mode: Mode, locale: str, vendor: str, is_only_contact: bool) -> str:
    """What partners are told about the quiet-exit radar, after the promise."""
    disclosure = load_bank().page.disclosure
    return fill(disclosure.text(locale, mode=mode, is_only_contact=is_only_contact), vendor=vendor)


def _pool_text(pooled_waves: int) -> str:
    return ngettext(
        "Results and comments of up to %(num)s wave are shown together; of each person the latest"
        " answers count.",
        "Results and comments of up to %(num)s waves in a row are shown together; of each person"
        " the latest answers count.",
        pooled_waves,
    )


def dimension_name(dimension: str) -> str:
    """The name of a segment dimension in the present language."""
    names = {
        "type": gettext("partner type"),
        "tier": gettext("tier"),
        "region": gettext("region"),
        "country": gettext("country"),
        "size_band": gettext("company size"),
        "revenue_band": gettext("revenue class"),
        "team": gettext("team"),
    }
    return names.get(dimension, dimension)
