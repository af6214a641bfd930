"""A page drawn once for many readers; personal parts are put in for each.

Drawing sixty radio buttons from a template takes most of a request's time, and they are the same
for everybody who is asked in a wave. So the template is drawn once with marks where something
personal stands, cut at the marks, and joined with the reader's own values (escaped) at each
request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from markupsafe import Markup, escape

from surveys.question_types import MAX_TEXT, field_names
from surveys.questionnaires import Questionnaire
from surveys.responses import Filled
from surveys.terms import QuestionType

# Two private-use characters: no text of ours holds them, and escaping leaves them alone.
OPEN, CLOSE = "\ue000", "\ue001"
MAX_PAGES = 64
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageWithSlots:
    """A drawn page: text and slot names by turns, beginning and ending with text."""

    parts: Sequence[str]

    def fill(self, values: Mapping[str, str]) -> str:
        """The whole page; a slot without a value stays empty. Values are HTML already."""
        pieces = list(self.parts)
        pieces[1::2] = [values.get(name, "") for name in pieces[1::2]]
        return "".join(pieces)


def slot(name: str) -> Markup:
    """The mark of a personal part, for use in the template."""
    return Markup("{}{}{}").format(OPEN, name, CLOSE)


def cut(html: str) -> PageWithSlots:
    """Cut a drawn page at its marks."""
    pieces: list[str] = []
    for part in html.split(OPEN):
        name, closed, text = part.partition(CLOSE)
        pieces += [name, text] if closed else [part]
    return PageWithSlots(pieces)


def slots_for(
    questionnaire: Questionnaire, filled: Filled, errors: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Slot values of one reader's answers and of what is wrong with them."""
    slots: dict[str, str] = {}
    for item in questionnaire.items:
        mark = "selected" if item.type is QuestionType.RANK else "checked"
        for name in field_names(item):
            for value in filled.values.get(name, ()):
                slots[f"{mark}:{name}:{value}"] = f" {mark}"
        for name in (item.code, item.comment_code):
            slots |= _text_slots(name, filled.texts.get(name, ""))
            if name in errors:
                slots |= _error_slots(name, errors[name])
        if item.comment_code in errors or filled.texts.get(item.comment_code):
            slots[f"open:{item.code}"] = " open"
    slots["answered"] = str(answered_count(questionnaire, filled))
    return slots


def answered_count(questionnaire: Questionnaire, filled: Filled) -> int:
    """How many of the questions have an answer; what the progress bar counts."""
    return sum(
        any(filled.values.get(name) for name in field_names(item))
        or bool(filled.texts.get(item.code, "").strip())
        for item in questionnaire.items
    )


class PageCache:
    """A few drawn things by key, shared by the threads of a process; the oldest goes first."""

    def __init__(self, limit: int = MAX_PAGES) -> None:
        self._limit = limit
        self._kept: dict[object, object] = {}
        self._lock = Lock()

    def get(self, key: object) -> object | None:
        """What was kept under this key."""
        return self._kept.get(key)

    def keep(self, key: object, value: T) -> T:
        """Keep it, and drop the oldest beyond the limit."""
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._limit:
                self._kept.pop(next(iter(self._kept)))
        return value


def _text_slots(name: str, text: str) -> dict[str, str]:
    if not text:
        return {f"length:{name}": "0"}
    # A browser drops the first line break inside a text area.
    shown = f"\n{text}" if text.startswith("\n") else text
    return {f"text:{name}": str(escape(shown)), f"length:{name}": str(min(len(text), MAX_TEXT))}


def _error_slots(name: str, messages: Sequence[str]) -> dict[str, str]:
    """The message under the field, and the attributes that tie the field to it."""
    message = Markup(
        '<p class="errmsg" id="e-{}"><svg class="i i-s" aria-hidden="true">'
        '<use href="#i-alert"/></svg>{}</p>'
    ).format(name, " ".join(messages))
    return {
        f"error:{name}": str(message),
        f"invalid:{name}": ' aria-invalid="true"',
        f"tied:{name}": f' aria-describedby="e-{name}"',
        f"described:{name}": f"e-{name} ",
    }
