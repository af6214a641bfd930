"""Streams of what responses hold, in the order of their ids, that meet like sorted lists.

Reads with the session's snapshot; decides nothing about who may see it.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from analysis.models import CommentVerdict, VerdictDriver
from analysis.response_columns import Text
from surveys.models import Comment, CommentAuthor, Wave

BLOCK = 1000
Entry = TypeVar("Entry")


class Following(Generic[Entry]):
    """A stream of (response id, entry) in the order of ids, read alongside another one."""

    def __init__(self, entries: Iterable[tuple[int, Entry]]) -> None:
        self._entries = iter(entries)
        self._next = next(self._entries, None)

    def take(self, response_id: int) -> list[Entry]:
        """The entries of this response; those of smaller ids are passed over."""
        found = []
        while self._next is not None and self._next[0] <= response_id:
            if self._next[0] == response_id:
                found.append(self._next[1])
            self._next = next(self._entries, None)
        return found


def stream(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """The rows of a query, a block of them in memory at a time."""
    yield from session.execute(query.execution_options(yield_per=BLOCK))


def texts_of_responses(session: Session, wave: Wave) -> Iterator[tuple[int, tuple[int, Text]]]:
    """(response id, (question id, text)) with the verdict that counts, in the order of ids."""
    query = (
        select(
            CommentAuthor.response_id,
            Comment.question_id,
            Comment.id,
            Comment.text,
            CommentVerdict.label,
            VerdictDriver.driver_code,
        )
        .join(Comment, Comment.id == CommentAuthor.comment_id)
        .outerjoin(CommentVerdict, CommentVerdict.comment_id == Comment.id)
        .outerjoin(VerdictDriver, VerdictDriver.comment_id == Comment.id)
        .where(Comment.wave_id == wave.id)
        .order_by(CommentAuthor.response_id, Comment.question_id)
    )
    for (response_id, question_id, _), rows in groupby(
        stream(session, query), key=lambda row: (row.response_id, row.question_id, row.id)
    ):
        group = list(rows)
        label = group[0].label.value if group[0].label else None
        # Sorted here: databases order letters and underscores differently.
        drivers = sorted(row.driver_code for row in group if row.driver_code)
        yield response_id, (question_id, Text(group[0].text, label, drivers))
