"""What the loader has at hand while it writes: session, settings, seed, people, and ids to give."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from analysis.demo.people import Cast, Somebody
from analysis.demo.writing import table
from surveys.bulk import row_ids
from surveys.config import Settings
from surveys.invitations import LinkKeys
from surveys.terms import Audience


@dataclass(frozen=True, slots=True)
class Desk:
    """One load of one workspace.

    Each table has one endless row of ids for the whole load: they are the same on both databases,
    since none is left over between two waves.
    """

    session: Session
    keys: LinkKeys
    seed: int
    now: datetime
    cast: Cast
    invitation_ids: Iterator[int]
    mail_ids: Iterator[int]
    suppression_ids: Iterator[int]

    def people(self, audience: Audience) -> Mapping[str, Somebody]:
        """Everybody of one audience by external_id."""
        return self.cast.contacts if audience is Audience.PARTNER else self.cast.staff


def open_desk(
    session: Session, settings: Settings, *, seed: int, now: datetime, cast: Cast
) -> Desk:
    """Take a place to write from; nothing else may write to these tables until the load is over."""
    keys = LinkKeys(settings.secret_key, settings.mail_domain)
    invitations, mails, suppressions = (
        row_ids(session, table(name)) for name in ("invitations", "outgoing_mails", "suppressions")
    )
    return Desk(session, keys, seed, now, cast, invitations, mails, suppressions)
