"""Draw `analysis/sentiment/lexicons/language_ngrams.tsv` out of the model of py3langid.

Run `python -m bench.train_language` after a change of py3langid or of our languages. Its model
knows 142 languages and takes over 100 MB to load; for the six that we tell apart, on text without
diacritics, six thousand letter sequences decide as well (docs/text-quality.md). py3langid is a
development dependency: the product reads the table.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from analysis.sentiment.language import NGRAMS, STEPS_PER_NAT
from analysis.sentiment.lexicon import LANGUAGES

N_NGRAMS = 6000
LONGEST = 5
_LETTERS = "abcdefghijklmnopqrstuvwxyz '"
_HEADING = (
    "# Letter sequences that tell the languages apart; `_` is a blank. Written by"
    " bench/train_language.py from py3langid; see SOURCES.md for its licence.\n"
    "# sequence <TAB> how likely in each language, "
    f"1/{STEPS_PER_NAT} nats: {' '.join(LANGUAGES)}\n"
)


def sequences(moves: Sequence[int], rows: Sequence[int], outputs: Sequence[int]) -> dict[int, str]:
    """The features of a py3langid model that are plain letters, each with its letters.

    A breadth-first walk over its automaton: the first way to a state is the shortest, and that is
    the letter sequence that the state stands for.
    """
    spelled = {0: ""}
    waiting = deque([0])
    found: dict[int, str] = {}
    while waiting:
        state = waiting.popleft()
        for letter in _LETTERS if len(spelled[state]) < LONGEST else "":
            following = int(moves[(rows[state] << 8) + ord(letter)])
            if following not in spelled:
                spelled[following] = spelled[state] + letter
                waiting.append(following)
                if outputs[following] >= 0:
                    found.setdefault(outputs[following], spelled[following])
    return found


def telling(logs: np.ndarray) -> np.ndarray:
    """How much each feature tells the languages apart, in nats times its frequency.

    `logs` holds the logarithm of a feature's chance, a row a feature, a column a language.
    Source: its share in the Jensen-Shannon divergence of the languages.
    """
    chances = np.exp(logs)
    told: np.ndarray = (chances * (logs - np.log(chances.mean(axis=1, keepdims=True)))).sum(axis=1)
    return told


def table() -> list[tuple[str, list[int]]]:
    """The most telling sequences with their steps for each of our languages, sorted."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(LANGUAGES))
    columns = [identifier.nb_classes.index(language) for language in LANGUAGES]
    spelled = sequences(identifier.tk_nextmove, identifier.tk_row, identifier.tk_output)
    features = sorted(spelled)
    logs = identifier.nb_ptc[features][:, columns].astype(float)
    best = np.argsort(-telling(logs), kind="stable")[:N_NGRAMS]
    steps = np.rint((logs - logs.min(axis=1, keepdims=True)) * STEPS_PER_NAT).astype(int)
    return sorted((spelled[features[row]], steps[row].tolist()) for row in best)


def main() -> None:
    """Write the table."""
    lines = (
        "\t".join((letters.replace(" ", "_"), " ".join(map(str, steps))))
        for letters, steps in table()
    )
    NGRAMS.write_text(_HEADING + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {NGRAMS.name}")


if __name__ == "__main__":
    main()
