"""Polish is complete, in step with the sources, and fits where the English text stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
POLISH = ROOT / "translations" / "pl" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
KEYWORDS = ("N_", "gettext", "ngettext:1,2", "pgettext:1c,2")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every text that the sources hold now."""
    target = tmp_path_factory.mktemp("catalogue") / "messages.pot"
    keywords = [part for keyword in KEYWORDS for part in ("-k", keyword)]
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F"]
    subprocess.run(  # noqa: S603 - our own program
        [*command, "pyproject.toml", *keywords, "-o", target, "surveys", "analysis", "templates"],
        cwd=ROOT,
        check=True,
    )
    with target.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def polish() -> Catalog:
    """The Polish catalogue."""
    with POLISH.open("rb") as file:
        return read_po(file, locale="pl")


def _messages(catalogue: Catalog) -> dict[tuple[str | None, str], Message]:
    return {(m.context, m.id if isinstance(m.id, str) else m.id[0]): m for m in catalogue if m.id}


def _texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def test_every_text_of_the_sources_is_in_the_polish_catalogue(
    sources: Catalog, polish: Catalog
) -> None:
    assert sorted(map(str, _messages(sources).keys() - _messages(polish).keys())) == []


def test_the_polish_catalogue_holds_nothing_that_is_not_used(
    sources: Catalog, polish: Catalog
) -> None:
    assert sorted(map(str, _messages(polish).keys() - _messages(sources).keys())) == []


def test_every_polish_text_is_written(polish: Catalog) -> None:
    empty = [key for key, message in _messages(polish).items() if not all(_texts(message))]
    assert empty == []
    assert not any(message.fuzzy for message in polish if message.id)


def test_plural_texts_have_the_three_polish_forms(polish: Catalog) -> None:
    plurals = [message for message in polish if message.id and not isinstance(message.id, str)]
    assert plurals
    assert [m.id for m in plurals if len(_texts(m)) != 3] == []


def test_polish_texts_have_the_placeholders_of_the_english_ones(polish: Catalog) -> None:
    wrong = []
    for key, message in _messages(polish).items():
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        wanted = set().union(*(PLACEHOLDER.findall(text) for text in ids))
        for text in _texts(message):
            found = set(PLACEHOLDER.findall(text))
            # A plural form may leave the number out ("one partner"), never anything else.
            if found != wanted and (isinstance(message.id, str) or wanted - found != {"num"}):
                wrong.append(key)
    assert wrong == []


def test_polish_texts_use_polish_quotation_marks(polish: Catalog) -> None:
    wrong = [
        key
        for key, message in _messages(polish).items()
        if any("“" in text or '"' in text for text in _texts(message))
    ]
    assert wrong == []
