"""Counting a wave, person by person and company by company, into the cells of its segments.

People of one company nearly always share a profile, since most attributes are the company's; then
its totals are worked out once for all its segments. Where they do not, each segment gets its own.
Pure: answers in, cells out. Source: method of statistics, section 1 (which cells).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.answer_stream import CompanyAnswers, PersonAnswers, WaveShape
from analysis.samples import recommendation_sign
from surveys.terms import Audience, QuestionType

TOTAL = ("", "")
OUTCOME = "recommend"
DONT_KNOW = "dk"
#: Stands for the recommendation where it counts as +1, 0 or -1; no question has this id.
SIGNS = -1

Segment = tuple[str, str]
CellKey = tuple[str, str, int]
#: Number of answers and their sum, by question id.
Totals = dict[int, tuple[int, int]]
#: Σm₁m₂, Σm₁S₂, ΣS₁m₂, ΣS₁S₂ over companies, 1 in the earlier wave, 2 in the later.
Products = list[int]
#: How often each (question id, answer) was given; None is "don't know".
AnswerCounts = Counter[tuple[int, int | None]]
#: How many companies have these (question id, (answers, sum)).
TotalCounts = Counter[tuple[int, tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Counted:
    """The questions of a wave's version, as far as counting needs to know them."""

    types: Mapping[int, QuestionType]
    drivers: frozenset[int]
    outcome: int | None


@dataclass(frozen=True, slots=True)
class CompanyTotals:
    """Totals of one company: of all its people, or by segment where their profiles differ."""

    profile_no: int | None
    whole: Totals
    by_segment: Mapping[Segment, Totals]


class WaveTally:
    """Counts one wave. `earlier` is the shape of the wave before, which links lead to."""

    def __init__(
        self, shape: WaveShape, counted: Counted, *, earlier: WaveShape | None = None
    ) -> None:
        self._shape = shape
        self._counted = counted
        self._earlier = earlier
        # Answers by segment and by what their author gave as recommendation: both the histograms
        # and the pairs follow from it. Counted item by item by the interpreter's own C code.
        self._answers: dict[tuple[Segment, int | None], AnswerCounts] = defaultdict(Counter)
        self._totals: dict[Segment, TotalCounts] = defaultdict(Counter)
        # Where a profile's people and companies are counted, so that it is looked up once.
        self._places: dict[tuple[int, int | None], list[AnswerCounts]] = {}
        self._company_places: dict[int, list[TotalCounts]] = {}
        self._products: dict[tuple[int, int], dict[int, Products]] = defaultdict(dict)
        self._mixed_products: dict[Segment, dict[int, Products]] = defaultdict(dict)
        self.n_people = 0

    def add_person(self, person: PersonAnswers) -> None:
        """Count one person's answers in their profile."""
        self.n_people += 1
        recommendation = person.values.get(self._counted.outcome or SIGNS)
        for counts in self._places_of(person.profile_no, recommendation):
            counts.update(person.values.items())

    def add_company(self, company: CompanyAnswers, before: CompanyAnswers | None = None) -> None:
        """Count everybody of one company, its totals, and their products with those before."""
        for person in company.people:
            self.add_person(person)
        totals = _company_totals(company, self._shape, self._counted)
        if totals.profile_no is not None:
            for counts in self._company_places_of(totals.profile_no):
                counts.update(totals.whole.items())
        for segment, of_segment in totals.by_segment.items():
            self._totals[segment].update(of_segment.items())
        if before is not None and self._earlier is not None:
            self._link(_company_totals(before, self._earlier, self._counted), totals)

    def cells(self) -> list[dict[str, Any]]:
        """All cells of the wave, ordered by key."""
        histograms, pairs = self._answer_cells()
        sizes = self._sizes()
        links = self._links()
        return [
            {
                "wave_id": self._shape.wave_id,
                "dimension": key[0],
                "segment": key[1],
                "question_id": key[2],
                "histogram": dict(sorted(histogram.items())),
                "sizes": sizes.get(key),
                "links": links.get(key),
                "pairs": {OUTCOME: pairs[key]} if key in pairs else None,
            }
            for key, histogram in sorted(histograms.items())
        ]

    def _places_of(self, profile_no: int, recommendation: int | None) -> list[AnswerCounts]:
        key = (profile_no, recommendation)
        if key not in self._places:
            segments = segments_of(profile_no, self._shape)
            self._places[key] = [self._answers[segment, recommendation] for segment in segments]
        return self._places[key]

    def _company_places_of(self, profile_no: int) -> list[TotalCounts]:
        if profile_no not in self._company_places:
            segments = segments_of(profile_no, self._shape)
            self._company_places[profile_no] = [self._totals[segment] for segment in segments]
        return self._company_places[profile_no]

    def _answer_cells(self) -> tuple[dict[CellKey, Counter[str]], dict[CellKey, list[int]]]:
        histograms: dict[CellKey, Counter[str]] = defaultdict(Counter)
        pairs: dict[CellKey, list[int]] = {}
        has_pairs = self._shape.audience is Audience.PARTNER
        for (segment, y), answers in self._answers.items():
            for (question_id, x), n in answers.items():
                key = (*segment, question_id)
                histograms[key][DONT_KNOW if x is None else str(x)] += n
                if not has_pairs or x is None or y is None:
                    continue
                if question_id in self._counted.drivers:
                    _add_pairs(pairs.setdefault(key, [0] * 6), x, y, n)
        return histograms, pairs

    def _sizes(self) -> dict[CellKey, dict[str, list[list[int]]]]:
        found: dict[CellKey, dict[str, list[list[int]]]] = {}
        for segment, totals in self._totals.items():
            for question_id, by_m in _by_number_of_answers(totals).items():
                key, name = self._place(segment, question_id)
                found.setdefault(key, {})[name] = [[m, *by_m[m]] for m in sorted(by_m)]
        return found

    def _links(self) -> dict[CellKey, dict[str, Products]]:
        found: dict[CellKey, dict[str, Products]] = {}
        for segment, products in self._products_by_segment():
            for question_id, sums in products.items():
                key, name = self._place(segment, question_id)
                entry = found.setdefault(key, {}).setdefault(name, [0, 0, 0, 0])
                _add(entry, sums)
        return found

    def _products_by_segment(self) -> Iterator[tuple[Segment, dict[int, Products]]]:
        yield from self._mixed_products.items()
        if self._earlier is None:
            return
        for (old, new), products in self._products.items():
            stayed = set(segments_of(old, self._earlier))
            for segment in segments_of(new, self._shape):
                if segment in stayed:
                    yield segment, products

    def _link(self, old: CompanyTotals, new: CompanyTotals) -> None:
        if old.profile_no is not None and new.profile_no is not None:
            _multiply(self._products[old.profile_no, new.profile_no], old.whole, new.whole)
            return
        before = _spread(old, self._earlier or self._shape)
        after = _spread(new, self._shape)
        for segment in before.keys() & after.keys():
            _multiply(self._mixed_products[segment], before[segment], after[segment])

    def _place(self, segment: Segment, question_id: int) -> tuple[CellKey, str]:
        if question_id == SIGNS:
            return (*segment, self._counted.outcome or SIGNS), "sign"
        return (*segment, question_id), "raw"


def segments_of(profile_no: int, shape: WaveShape) -> Iterator[Segment]:
    """The segments that a profile is counted in: everybody, and one of each dimension it has."""
    yield TOTAL
    segments = shape.segments.get(profile_no, {})
    for dimension in shape.dimensions:
        if dimension in segments:
            yield dimension, segments[dimension]


def _company_totals(company: CompanyAnswers, shape: WaveShape, counted: Counted) -> CompanyTotals:
    people = company.people
    profile_no = people[0].profile_no
    if all(person.profile_no == profile_no for person in people):
        return CompanyTotals(profile_no, _totals(people, counted), {})
    groups: dict[Segment, list[PersonAnswers]] = defaultdict(list)
    for person in people:
        for segment in segments_of(person.profile_no, shape):
            groups[segment].append(person)
    by_segment = {segment: _totals(group, counted) for segment, group in groups.items()}
    return CompanyTotals(None, {}, by_segment)


def _spread(totals: CompanyTotals, shape: WaveShape) -> Mapping[Segment, Totals]:
    if totals.profile_no is None:
        return totals.by_segment
    return dict.fromkeys(segments_of(totals.profile_no, shape), totals.whole)


def _totals(people: Iterable[PersonAnswers], counted: Counted) -> Totals:
    numbers: dict[int, int] = {}
    sums: dict[int, int] = {}
    n_signs = signs = 0
    for person in people:
        for question_id, value in person.values.items():
            if value is None:
                continue
            if question_id in sums:
                numbers[question_id] += 1
                sums[question_id] += value
            else:
                numbers[question_id] = 1
                sums[question_id] = value
            if question_id == counted.outcome:
                n_signs += 1
                signs += recommendation_sign(value)
    found = {
        question_id: (numbers[question_id], total)
        for question_id, total in sums.items()
        if question_id in counted.types
    }
    if n_signs:
        found[SIGNS] = (n_signs, signs)
    return found


def _by_number_of_answers(
    totals: TotalCounts,
) -> dict[int, dict[int, list[int]]]:
    """By question and m: companies with m answers, the sum of their totals and of its squares."""
    found: dict[int, dict[int, list[int]]] = defaultdict(dict)
    for (question_id, (m, total)), companies in totals.items():
        entry = found[question_id].setdefault(m, [0, 0, 0])
        _add(entry, (companies, companies * total, companies * total * total))
    return found


def _add_pairs(entry: list[int], x: int, y: int, n: int) -> None:
    _add(entry, (n, n * x, n * y, n * x * x, n * y * y, n * x * y))


def _multiply(products: dict[int, Products], old: Totals, new: Totals) -> None:
    for question_id, (m2, s2) in new.items():
        if question_id in old:
            m1, s1 = old[question_id]
            entry = products.setdefault(question_id, [0, 0, 0, 0])
            _add(entry, (m1 * m2, m1 * s2, s1 * m2, s1 * s2))


def _add(entry: list[int], added: Iterable[int]) -> None:
    for place, number in enumerate(added):
        entry[place] += number
