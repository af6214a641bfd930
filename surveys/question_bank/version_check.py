"""Whether a questionnaire may be published: all rules of the method, on plain items.

The items come from a template of the bank or from stored rows alike. Nothing here raises for what
is wrong with them: every broken rule comes back as a `Problem`. What a single question keeps to by
itself is in `text_check.py`. Source: method of the question bank, "a template is valid when".
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from surveys.question_bank.loading import load_bank
from surveys.question_bank.model import LOCALES, Limits, Rotation, VersionItem
from surveys.question_bank.problems import Problem, ProblemCode, problem
from surveys.question_bank.reading_time import WORDS_A_MINUTE, minutes
from surveys.question_bank.text_check import check_item
from surveys.question_bank.versions import is_recommend, possible_waves
from surveys.terms import Audience, Mode, QuestionKind

_MIRRORED = (QuestionKind.CORE, QuestionKind.FOLLOW_UP, QuestionKind.IMPORTANCE)
_NO_LIMITS = Limits()
_RECOMMEND_RANK = 1
_RANKS = {
    QuestionKind.SCREENING: 0,
    QuestionKind.CORE: 2,
    QuestionKind.FOLLOW_UP: 3,
    QuestionKind.OUTCOME: 4,
    QuestionKind.IMPORTANCE: 5,
    QuestionKind.CALIBRATION: 6,
    QuestionKind.BREACH: 7,
    QuestionKind.COMMENT: 8,
    QuestionKind.CONTACT: 9,
}


def check_version(
    items: Sequence[VersionItem],
    *,
    limits: Limits = _NO_LIMITS,
    rotation: Rotation | None = None,
    locales: Sequence[str] = LOCALES,
    mode: Mode = Mode.CONFIDENTIAL,
) -> list[Problem]:
    """Every rule that a questionnaire breaks; an empty list: it may be published.

    `items` are those of both audiences, in any order. `rotation`, of a monthly pulse: limits hold
    for each of its waves, not for all items together. `locales` are the languages it must be
    complete in, `mode` decides which promise counts as reading time. A problem that
    `can_be_confirmed` goes away when the item carries a person's reason.
    """
    partner = _of(items, Audience.PARTNER)
    internal = _of(items, Audience.INTERNAL)
    found: list[Problem] = []
    if not partner:
        found.append(problem(ProblemCode.NO_QUESTIONS, audience=Audience.PARTNER))
    found += _mirror(partner, internal)
    for own in (partner, internal):
        for item in own:
            found += check_item(item, locales)
        found += _asked_twice(own)
        found += _wrong_order(own)
        found += _over_limits(own, limits, rotation=rotation, locales=locales, mode=mode)
    found += _drivers_not_asked(partner, rotation)
    found += _drivers_share_wave(rotation)
    return found


def _of(items: Sequence[VersionItem], audience: Audience) -> list[VersionItem]:
    own = (item for item in items if item.audience == audience)
    return sorted(own, key=lambda item: item.position)


# --- the mirror --------------------------------------------------------------------------------


def _mirror(partner: Sequence[VersionItem], internal: Sequence[VersionItem]) -> Iterator[Problem]:
    asked = {item.question: item for item in partner if _is_mirrored(item)}
    mirrors = {item.question: item for item in internal if _is_mirrored(item)}
    for code in (code for code in asked if code not in mirrors):
        yield problem(ProblemCode.MISSING_MIRROR, code, audience=Audience.INTERNAL)
    for code in (code for code in mirrors if code not in asked):
        yield problem(ProblemCode.ORPHAN_MIRROR, code, audience=Audience.INTERNAL)
    both = [code for code in asked if code in mirrors]
    for code in both:
        types = {"partner": asked[code].type.value, "internal": mirrors[code].type.value}
        if asked[code].type != mirrors[code].type:
            yield problem(ProblemCode.TYPE_DIFFERS, code, audience=Audience.INTERNAL, **types)
    yield from _mirror_order(both, [code for code in mirrors if code in asked])


def _is_mirrored(item: VersionItem) -> bool:
    return item.driver is not None and item.kind in _MIRRORED


def _mirror_order(partner: Sequence[str], internal: Sequence[str]) -> Iterator[Problem]:
    """One problem at the first place where the two orders part."""
    for code, mirror in zip(partner, internal, strict=True):
        if code != mirror:
            yield problem(ProblemCode.MIRROR_ORDER, code, audience=Audience.INTERNAL)
            return


# --- order -------------------------------------------------------------------------------------


def _asked_twice(own: Sequence[VersionItem]) -> Iterator[Problem]:
    for code, count in Counter(item.question for item in own).items():
        if count > 1:
            yield problem(ProblemCode.ASKED_TWICE, code, audience=own[0].audience)


def _wrong_order(own: Sequence[VersionItem]) -> Iterator[Problem]:
    for before, after in pairwise(own):
        if _rank(after) < _rank(before):
            yield problem(
                ProblemCode.WRONG_ORDER,
                after.question,
                audience=after.audience,
                before=before.question,
            )


def _rank(item: VersionItem) -> tuple[int, int]:
    return order_rank(item.question, item.kind, item.driver)


def order_rank(code: str, kind: QuestionKind, driver: str | None) -> tuple[int, int]:
    """Place by kind, then by driver in locked order; drivers of one's own come last."""
    if is_recommend(code):
        return (_RECOMMEND_RANK, 0)
    if kind not in _MIRRORED or driver is None:
        return (_RANKS[kind], 0)
    places = {each.code: each.position for each in load_bank().drivers}
    return (_RANKS[kind], places.get(driver, len(places) + 1))


# --- drivers of a cycle ------------------------------------------------------------------------


def _drivers_not_asked(
    partner: Sequence[VersionItem], rotation: Rotation | None
) -> Iterator[Problem]:
    """A questionnaire with core questions asks all ten in each cycle; others need none."""
    asked = {item.driver for item in partner if item.kind is QuestionKind.CORE}
    if not asked:
        return
    if rotation is not None:
        asked &= {driver for wave in rotation.waves for driver in wave.drivers}
    for driver in load_bank().drivers:
        if driver.code not in asked:
            yield problem(ProblemCode.DRIVER_NOT_ASKED, driver=driver.code)


def _drivers_share_wave(rotation: Rotation | None) -> Iterator[Problem]:
    if rotation is None:
        return
    for wave in rotation.waves:
        for group in rotation.apart:
            together = group.intersection(wave.drivers)
            if len(together) > 1:
                names = ", ".join(sorted(together))
                yield problem(ProblemCode.DRIVERS_SHARE_WAVE, drivers=names, wave=wave.key)


# --- limits ------------------------------------------------------------------------------------


def _over_limits(
    own: Sequence[VersionItem],
    limits: Limits,
    *,
    rotation: Rotation | None,
    locales: Sequence[str],
    mode: Mode,
) -> Iterator[Problem]:
    """One problem for the longest wave, not one for each; `contact` is no item."""
    if not own:
        return
    waves = possible_waves(own, rotation)
    longest = max((_count(wave) for wave in waves), default=0)
    yield from _over(ProblemCode.TOO_MANY_ITEMS, longest, limits.items, own[0].audience)
    timed = [locale for locale in locales if locale in WORDS_A_MINUTE]
    if timed:
        page = load_bank().page
        times = (minutes(wave, page=page, locales=timed, mode=mode) for wave in waves)
        slowest = max(times, default=0)
        yield from _over(ProblemCode.TOO_MANY_MINUTES, slowest, limits.minutes, own[0].audience)


def _count(wave: Sequence[VersionItem]) -> int:
    return sum(item.kind is not QuestionKind.CONTACT for item in wave)


def _over(
    code: ProblemCode, count: int, limit: int | None, audience: Audience
) -> Iterator[Problem]:
    if limit is not None and count > limit:
        yield problem(code, audience=audience, count=count, limit=limit)
