"""How far each bounce mailbox has been read: kept in the transaction that records the message.

A position only goes forward while the mailbox keeps its UIDVALIDITY; a new one means that every UID
is new, so it is read from the beginning, and known messages are known by their bytes.
"""

from datetime import datetime

from sqlalchemy import or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.models import MailboxPosition


def last_uid(session: Session, mailbox: str, *, uid_validity: int) -> int:
    """The last UID that was read of this mailbox; 0 when it is new or was rebuilt."""
    position = session.get(MailboxPosition, mailbox, populate_existing=True)
    if position is None or position.uid_validity != uid_validity:
        return 0
    return position.last_uid


def advance(session: Session, mailbox: str, *, uid_validity: int, uid: int, now: datetime) -> None:
    """This message has been read; another worker that is further on stays there."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {"uid_validity": uid_validity, "last_uid": uid, "read_at": now}
    session.execute(
        dialect.insert(MailboxPosition)
        .values(mailbox=mailbox, **values)
        .on_conflict_do_update(
            index_elements=[MailboxPosition.mailbox],
            set_=values,
            where=or_(MailboxPosition.uid_validity != uid_validity, MailboxPosition.last_uid < uid),
        )
    )
