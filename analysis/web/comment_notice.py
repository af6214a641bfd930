"""What was just done with a comment, said once on the next page, with the way to take it back.

It stands at the foot of the window and belongs to one comment, unlike the messages of other pages.
"""

from dataclasses import asdict, dataclass

from flask import session

KEY = "comment_notice"


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence, the comment it is about, and what takes it back ('' for nothing).

    `back` is `undo` for a correction, else a step of surveys/comment_follow_ups.py.
    """

    text: str
    key: str
    back: str = ""


def keep_notice(notice: Notice) -> None:
    """Say this on the next page of comments."""
    session[KEY] = asdict(notice)


def take_notice() -> Notice | None:
    """What is to be said now, and never again."""
    kept = session.pop(KEY, None)
    return Notice(**kept) if kept else None
