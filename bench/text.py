"""How well comments are understood, and how fast: one JSON line.

`python3 dev.py bench text` measures by cross-validation over our own seeds: whatever is judged, and
every paraphrase of it, was kept from the model that judges it. The lists of words were written
with the seeds in view, so figures on seeds are kinder than those on strangers' comments; drivers
and quiet exit come from lists alone and are measured on what they were written for.
docs/text-quality.md says what follows from that. Beside them stand figures on texts that were never
seeds (`text_outside`). No public test set is read.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.sentiment import analyse
from analysis.sentiment.model import LABELS
from bench.text_figures import Json, Verdict, figures, share, tally
from bench.text_outside import demo, driver_figures, outside
from bench.train_text import (
    LANGUAGES,
    SEEDS,
    Example,
    Seed,
    calibrated_sharpness,
    cross_validated,
    examples,
    fold_of,
    read_seeds,
    sharpened,
)

PROBES = Path(__file__).parent / "text_probes.tsv"
FOLDS_OF_SIZE = {"small": 3, "full": 10}
_TIMED_TEXTS = {"small": 200, "full": 1000}
_ROUNDS = 3


def run(size: str) -> Json:
    """All figures; `size` small uses three tenths of the seeds and few timed texts."""
    seeds = [seed for seed in read_seeds() if fold_of(seed.group) < FOLDS_OF_SIZE[size]]
    return {
        "benchmark": "text",
        "size": size,
        "seeds": len(seeds),
        "languages": {language: _language(seeds, language) for language in LANGUAGES},
        "probes": _probes(),
        "outside": outside(),
        "demo": demo(size),
        "texts_per_second": _throughput(_spread(seeds, _TIMED_TEXTS[size])),
        "peak_memory_mb": _memory(),
    }


# --- Quality on seeds -----------------------------------------------------------------------------


def _language(seeds: Sequence[Seed], language: str) -> Json:
    ready = examples(seeds, language)
    chances = cross_validated(ready)
    sharpness = calibrated_sharpness(ready, chances)
    judged = [
        (example, _verdict(example, sharpened(shares, sharpness)))
        for example, shares in zip(ready, chances, strict=True)
        if not example.is_dimmed
    ]
    own = [seed for seed in seeds if seed.language == language]
    sentiments = [analyse(seed.text, language) for seed in own]
    return {
        "clauses": figures([verdict for example, verdict in judged if not example.is_joined]),
        "joined": figures([verdict for example, verdict in judged if example.is_joined]),
        **driver_figures([seed.drivers for seed in own], sentiments),
        "quiet_exit": tally(
            (seed.quiet_exit, sentiment.quiet_exit)
            for seed, sentiment in zip(own, sentiments, strict=True)
        ).as_json(),
    }


def _verdict(example: Example, chances: Sequence[float]) -> Verdict:
    best = max(range(len(LABELS)), key=chances.__getitem__)
    return Verdict(example.label, LABELS[best], chances[best])


# --- Probes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probe:
    """A short text made to try one thing; `is_good`: what it says is good."""

    kind: str
    language: str
    is_good: bool
    text: str


def read_probes(file: Path = PROBES) -> list[Probe]:
    """All probes in the order of the file."""
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return [
        Probe(row[0], row[1], row[2] == "good", row[3])
        for row in rows
        if row[0][:1] not in ("", "#")
    ]


def _probes() -> Json:
    """Share of probes on the right side of 0, and of those that a person would be asked about."""
    found: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for probe in read_probes():
        sentiment = analyse(probe.text, probe.language)
        is_right = sentiment.score != 0 and (sentiment.score > 0) is probe.is_good
        found.setdefault((probe.kind, probe.language), []).append((is_right, sentiment.is_unsure))
    return {
        f"{kind}_{language}": {
            "n": len(outcomes),
            "right": share(sum(right for right, _ in outcomes), len(outcomes)),
            "unsure": share(sum(unsure for _, unsure in outcomes), len(outcomes)),
        }
        for (kind, language), outcomes in found.items()
    }


# --- Speed and memory -----------------------------------------------------------------------------


def _spread(seeds: Sequence[Seed], n_texts: int) -> Sequence[Seed]:
    """About so many seeds from all over the file, both languages as they come."""
    return seeds[:: max(1, len(seeds) // n_texts)]


def _throughput(seeds: Sequence[Seed]) -> Json:
    # Late, as in the product: it takes seconds and is needed here only to be raced.
    from textblob import TextBlob

    def by_us(seed: Seed) -> object:
        return analyse(seed.text, prior=seed.language)

    def by_textblob(seed: Seed) -> object:
        return TextBlob(seed.text).sentiment

    polish = [seed for seed in seeds if seed.language == "pl"]
    found: Json = {}
    for name, texts in (("mixed", seeds), ("polish", polish)):
        ours, theirs = _per_second(by_us, texts), _per_second(by_textblob, texts)
        found[name] = {
            "ours": round(ours),
            "textblob": round(theirs),
            "ratio": round(ours / theirs, 2),
        }
    return found


def _per_second(judge: Callable[[Seed], object], texts: Sequence[Seed]) -> float:
    """Texts a second of processor time, the best of three rounds after one to get warm."""
    best = 0.0
    for _ in range(_ROUNDS + 1):
        started = time.process_time()
        for text in texts:
            judge(text)
        best = max(best, len(texts) / (time.process_time() - started))
    return best


# Read without our training code, whose numpy and scipy would hide what the judges need.
_TEXTS = f"""
rows = (line.split("\\t") for line in open({str(SEEDS)!r}, encoding="utf-8") if line[0] != "#")
texts = [(row[2], row[3]) for row in rows][::2]
"""
# Linux hands the peak of the parent on to a child's `ru_maxrss`, but not to its VmHWM.
_SHOW = """
import pathlib, resource, sys
status = pathlib.Path("/proc/self/status")
lines = status.read_text().splitlines() if status.exists() else ()
peaks = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
print(peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024)
"""
_JUDGES = {
    "textblob": """
from textblob import TextBlob
for language, text in texts: TextBlob(text).sentiment
""",
    "ours": """
from analysis.sentiment import analyse
for language, text in texts: analyse(text, prior=language)
""",
}


def _memory() -> Json:
    """Peak of a fresh process that reads every second seed, with TextBlob alone and with us."""
    peaks = {name: _peak_mb(code) for name, code in _JUDGES.items()}
    return {**peaks, "extra": round(peaks["ours"] - peaks["textblob"], 1)}


def _peak_mb(code: str) -> float:
    command = [sys.executable, "-c", f"{_TEXTS}{code}{_SHOW}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return round(float(done.stdout), 1)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure how well comments are understood.")
    parser.add_argument("--size", choices=tuple(FOLDS_OF_SIZE), default="full")
    print(json.dumps(run(parser.parse_args(argv).size)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
