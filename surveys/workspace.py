"""What the vendor decides on a page: its name, its sender, its colour. One row of `settings`.

What an operator decides (database, mail server, secrets) is in surveys/config.py.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from surveys.models import Setting
from surveys.terms import WhenUncertain

KEY = "workspace"
DEFAULT_COLOUR = "#0E4B5A"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The vendor as partners see it in a mail and on the survey page.

    `vendor` is shown exactly as stored and never inflected. `sender_email` is the From address,
    `reply_to` a mailbox that somebody reads. `when_uncertain`: whether an invitation that may or
    may not have arrived is sent once more, or left to a person.
    """

    vendor: str = ""
    sender_name: str = ""
    sender_email: str = ""
    reply_to: str = ""
    postal_address: str = ""
    colour: str = DEFAULT_COLOUR
    when_uncertain: str = WhenUncertain.RESEND

    @property
    def is_ready(self) -> bool:
        """Whether mails can be sent in this vendor's name."""
        return bool(self.vendor and self.sender_email)


def workspace(session: Session) -> Workspace:
    """The vendor's settings; empty ones before the first run is through."""
    row = session.get(Setting, KEY)
    return workspace_from(row.value if row else None)


def workspace_from(stored: Mapping[str, Any] | None) -> Workspace:
    """The vendor's settings from their stored form; what is missing there is empty."""
    known = (
        {each.name: stored[each.name] for each in fields(Workspace) if each.name in stored}
        if stored
        else {}
    )
    return Workspace(**known)


def save_workspace(session: Session, new: Workspace, *, now: datetime, user_id: int | None) -> None:
    """Store the vendor's settings as a whole."""
    row = session.get(Setting, KEY) or Setting(key=KEY)
    row.value = asdict(new)
    row.changed_at = now
    row.changed_by_id = user_id
    session.add(row)
