"""Train the comment model from our own seed clauses and write `analysis/sentiment/model.json`.

Run `python -m bench.train_text` after a change of lexicons, features or seeds. The fit is convex
and deterministic, and the coefficients are rounded, so the same inputs give the same bytes. scipy
is a development dependency: the product only multiplies.

Single clauses alone would never teach what `mixed` is, so clauses are also joined in pairs, as
people join them. A pair never leaves its fold: what is tested was not seen in any form.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.optimize import minimize, minimize_scalar

from analysis.sentiment import Label
from analysis.sentiment.features import ENGLISH_ONLY, NAMES
from analysis.sentiment.judging import Hit
from analysis.sentiment.model import FILE, LABELS, Entry, Model
from analysis.sentiment.pipeline import Measures, measure

SEEDS = Path(__file__).parent.parent / "analysis" / "sentiment" / "seeds.tsv"
LANGUAGES = ("pl", "en")
N_FOLDS = 10
PENALTY = 3.0
N_DIMMED = 2
FORGOTTEN = 0.4  # share of judging words that a dimmed example forgets
RAREST_TERM = 2  # seeds in which a term must stand; below, it is learned by heart
JOINED_WEIGHT = 0.5  # people write more clauses alone than our pairs would have it
_DIGITS = 3
_MOST_COMMON_KEPT = 0.5  # exponent of the class weights: 0 keeps the seeds' shares, 1 evens them

# How people join two clauses: opposite judgements, and judgements of one side.
_OPPOSED = {
    "pl": ("{0}, ale {1}", "{0}, jednak {1}", "{0}. Natomiast {1}", "{0} {1}", "{0}. Niestety {1}"),
    "en": ("{0}, but {1}", "{0}. However, {1}", "{0}, although {1}", "{0} {1}", "{0}, yet {1}"),
}
_ALIGNED = {"pl": ("{0} {1}", "{0}, poza tym {1}"), "en": ("{0} {1}", "{0}, also {1}")}


@dataclass(frozen=True, slots=True)
class Seed:
    """One row of `seeds.tsv`; `drivers` holds code and polarity."""

    key: str
    group: str
    language: str
    text: str
    label: Label
    drivers: dict[str, Label]
    quiet_exit: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A text to learn from: a seed or a joined pair."""

    text: str
    label: Label
    fold: int
    is_joined: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its features and the fold it belongs to; `is_joined`: made of two seeds;
    `is_dimmed`: some of its words are treated as unknown."""

    text: str
    label: Label
    measures: Measures
    fold: int
    is_joined: bool
    is_dimmed: bool = False


def read_seeds(file: Path = SEEDS) -> list[Seed]:
    """All seeds in the order of the file."""
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return [_seed(row) for row in rows if not row[0].startswith("#")]


def _seed(row: Sequence[str]) -> Seed:
    key, group, language, text, label, drivers, quiet_exit = row
    pairs = (pair.split(":") for pair in drivers.split(";") if pair)
    return Seed(
        key=key,
        group=group,
        language=language,
        text=text,
        label=Label(label),
        drivers={code: Label(polarity) for code, polarity in pairs},
        quiet_exit=quiet_exit == "1",
    )


def fold_of(group: str) -> int:
    """Fold of a group, the same for ever, whatever stands beside it in the file."""
    return hashlib.sha256(group.encode()).digest()[0] * N_FOLDS // 256


def examples(seeds: Iterable[Seed], language: str) -> list[Example]:
    """Seeds of one language and their joined pairs, each also with words forgotten."""
    own = [seed for seed in seeds if seed.language == language]
    plain = [Text(seed.text, seed.label, fold_of(seed.group), False) for seed in own]
    for fold in range(N_FOLDS):
        inside = [seed for seed in own if fold_of(seed.group) == fold]
        pairs = joined_pairs(inside, language)
        plain.extend(Text(text, label, fold, True) for text, label in pairs)
    return [example for text in plain for example in _measured(text, language)]


def _measured(text: Text, language: str) -> Iterator[Example]:
    """A text as it is, and as it would be if the lists knew fewer of its words."""
    yield Example(text.text, text.label, measure(text.text, language), text.fold, text.is_joined)
    for turn in range(N_DIMMED):
        values = measure(text.text, language, keeps=partial(_is_kept, text.text, turn))
        yield Example(text.text, text.label, values, text.fold, text.is_joined, is_dimmed=True)


def _is_kept(text: str, turn: int, hit: Hit) -> bool:
    digest = hashlib.sha256(f"{turn}/{hit.first}/{text}".encode()).digest()
    return digest[0] >= FORGOTTEN * 256


def joined_pairs(seeds: Sequence[Seed], language: str) -> Iterator[tuple[str, Label]]:
    """Each seed joined with one other of the same fold, chosen by the digest of its key."""
    plain = [seed for seed in seeds if seed.label is not Label.MIXED]
    for seed in plain:
        digest = hashlib.sha256(seed.key.encode()).digest()
        other = plain[int.from_bytes(digest[:4]) % len(plain)]
        label = label_of_pair(seed.label, other.label)
        templates = _OPPOSED if label is Label.MIXED else _ALIGNED
        template = templates[language][digest[4] % len(templates[language])]
        if other is not seed:
            yield template.format(_unfinished(seed.text, template), other.text), label


def _unfinished(text: str, template: str) -> str:
    return text.rstrip(".") if "{0}," in template or "{0}." in template else text


def label_of_pair(left: Label, right: Label) -> Label:
    """What two joined clauses say together: a neutral one adds nothing."""
    if left is right or right is Label.NEUTRAL:
        return left
    return right if left is Label.NEUTRAL else Label.MIXED


def vocabulary(found: Iterable[Example]) -> list[str]:
    """The terms that stand in enough single seeds to be learned, sorted."""
    counts = Counter(
        term
        for example in found
        if not example.is_joined and not example.is_dimmed
        for term in example.measures.terms
    )
    return sorted(term for term, count in counts.items() if count >= RAREST_TERM)


def fit(found: Sequence[Example], *, penalty: float = PENALTY) -> Model:
    """Coefficients that make the examples likeliest; a quadratic penalty on all but `constant`.

    Source: multinomial logistic regression, Bishop 2006, section 4.3.4; minimised by L-BFGS.
    """
    known = vocabulary(found)
    values = _table(found, known)
    truth = np.array([LABELS.index(example.label) for example in found])
    kept = np.ones(values.shape[1])
    kept[NAMES.index("constant")] = 0.0
    start = np.zeros(len(LABELS) * values.shape[1])
    done = minimize(
        partial(_loss, values, truth, _weights(found, truth), penalty * kept),
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 300},
    )
    columns = list(map(tuple, done.x.reshape(len(LABELS), -1).round(_DIGITS).T.tolist()))
    return Model(
        columns=columns[: len(NAMES)],
        sharpness=1.0,
        terms=dict(zip(known, columns[len(NAMES) :], strict=True)),
    )


def _table(found: Sequence[Example], known: Sequence[str]) -> sparse.csr_array:
    """A row an example: the named features, then a column for each known term."""
    places = {term: place for place, term in enumerate(known)}
    cells = [
        (row, places[term], example.measures.term_value)
        for row, example in enumerate(found)
        for term in example.measures.terms
        if term in places
    ]
    rows, columns, amounts = (np.array(part) for part in zip(*cells, strict=True))
    terms = sparse.coo_array((amounts, (rows, columns)), shape=(len(found), len(known)))
    named = sparse.csr_array(np.array([example.measures.values for example in found]))
    return sparse.csr_array(sparse.hstack([named, terms]))


def _loss(
    values: sparse.csr_array,
    truth: np.ndarray,
    weights: np.ndarray,
    penalties: np.ndarray,
    flat: np.ndarray,
) -> tuple[float, np.ndarray]:
    """Weighted minus log likelihood with its penalty, and the gradient of both."""
    matrix = flat.reshape(len(LABELS), -1)
    logits = values @ matrix.T
    logits -= logits.max(axis=1, keepdims=True)
    chances = np.exp(logits)
    chances /= chances.sum(axis=1, keepdims=True)
    rows = np.arange(len(truth))
    total = -(weights * np.log(chances[rows, truth] + 1e-12)).sum()
    chances[rows, truth] -= 1.0
    gradient = (values.T @ (chances * weights[:, None])).T + penalties * matrix
    return total + 0.5 * float((penalties * matrix**2).sum()), gradient.ravel()


def _weights(found: Sequence[Example], truth: np.ndarray) -> np.ndarray:
    """What each example counts: rare labels more, joined pairs less."""
    counts = np.bincount(truth, minlength=len(LABELS))
    even = len(truth) / (len(LABELS) * np.maximum(counts, 1))
    joined = np.where([example.is_joined for example in found], JOINED_WEIGHT, 1.0)
    weights: np.ndarray = joined * (even**_MOST_COMMON_KEPT)[truth]
    return weights


def chances_of(model: Model, measures: Measures) -> list[float]:
    """What a model says of a measured text."""
    return model.chances(measures.values, measures.terms, term_value=measures.term_value)


def cross_validated(found: Sequence[Example]) -> list[list[float]]:
    """Chances for each example by a model that saw nothing of its fold."""
    chances: list[list[float]] = [[] for _ in found]
    for fold in sorted({example.fold for example in found}):
        model = fit([example for example in found if example.fold != fold])
        for position, example in enumerate(found):
            if example.fold == fold:
                chances[position] = chances_of(model, example.measures)
    return chances


def calibrated_sharpness(found: Sequence[Example], chances: Sequence[Sequence[float]]) -> float:
    """Factor on the logits that makes the cross-validated chances honest.

    Source: temperature scaling, Guo et al. 2017 (here the inverse of their temperature).
    """
    logs = np.log(np.array(chances) + 1e-12)
    truth = np.array([LABELS.index(example.label) for example in found])

    def loss(sharpness: float) -> float:
        logits = logs * sharpness
        logits -= logits.max(axis=1, keepdims=True)
        norm = np.log(np.exp(logits).sum(axis=1))
        return float((norm - logits[np.arange(len(truth)), truth]).mean())

    return round(float(minimize_scalar(loss, bounds=(0.2, 3.0), method="bounded").x), _DIGITS)


def sharpened(chances: Sequence[float], sharpness: float) -> list[float]:
    """Chances as a model of this sharpness would give them, from those of one of sharpness 1."""
    powers = [(chance + 1e-12) ** sharpness for chance in chances]
    return [power / sum(powers) for power in powers]


def document(seeds: Sequence[Seed]) -> dict[str, Entry]:
    """What stands in `model.json`, by language."""
    return {language: _entry(examples(seeds, language), language) for language in LANGUAGES}


def _entry(ready: Sequence[Example], language: str) -> Entry:
    model = fit(ready)
    return Entry(
        sharpness=calibrated_sharpness(ready, cross_validated(ready)),
        coefficients={
            label.value: _named([column[place] for column in model.columns], language)
            for place, label in enumerate(LABELS)
        },
        terms={term: list(weights) for term, weights in model.terms.items()},
    )


def _named(row: Sequence[float], language: str) -> dict[str, float]:
    return {
        name: value
        for name, value in zip(NAMES, row, strict=True)
        if language == "en" or name not in ENGLISH_ONLY
    }


def written(entries: dict[str, Entry]) -> str:
    """The document as text, with the numbers of a term on one line."""
    text = json.dumps(entries, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]]*\]", lambda found: " ".join(found.group().split()), text) + "\n"


def main() -> None:
    """Write the model file."""
    FILE.write_text(written(document(read_seeds())), encoding="utf-8")
    print(f"wrote {FILE.name}")


if __name__ == "__main__":
    main()
