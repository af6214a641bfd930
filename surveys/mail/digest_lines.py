"""What a digest says of each wave, in its reader's language; call it inside `in_locale`.

The facts come with the queued mail (surveys/digests.py), as they were when it was queued.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from surveys.i18n import format_day_of_month, gettext, ngettext, wave_title


def digest_lines(waves: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """One line a wave."""
    return tuple(" ".join(_sentences(wave)) for wave in waves)


def _sentences(wave: Mapping[str, Any]) -> list[str]:
    sentences = [_state(wave)]
    if wave["asked_staff"]:
        sentences.append(
            gettext(
                "Answers of our team: %(answered)s of %(asked)s.",
                answered=wave["answered_staff"],
                asked=wave["asked_staff"],
            )
        )
    if wave["comments"]:
        sentences.append(
            ngettext("%(num)s comment to read.", "%(num)s comments to read.", wave["comments"])
        )
    return sentences


def _state(wave: Mapping[str, Any]) -> str:
    facts = {
        "survey": wave["survey"],
        "wave": wave_title(wave["label"]),
        "answered": wave["answered"],
        "asked": wave["asked"],
        "day": format_day_of_month(date.fromisoformat(wave["closes_on"])),
    }
    if wave["state"] == "open":
        return gettext(
            "%(survey)s, %(wave)s: open until %(day)s. Answers of partners: %(answered)s of"
            " %(asked)s.",
            **facts,
        )
    if wave["state"] == "paused":
        return gettext(
            "%(survey)s, %(wave)s: paused, no mail leaves until somebody goes on. Answers of"
            " partners: %(answered)s of %(asked)s.",
            **facts,
        )
    if wave["state"] == "ready":
        return gettext(
            "%(survey)s, %(wave)s: closed on %(day)s, the results are ready. Answers of partners:"
            " %(answered)s of %(asked)s.",
            **facts,
        )
    return gettext(
        "%(survey)s, %(wave)s: closed on %(day)s. Answers of partners: %(answered)s of %(asked)s.",
        **facts,
    )
