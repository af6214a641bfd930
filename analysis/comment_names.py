"""Whose names are left out of a wave's comments; fixed when the wave is published.

Later nothing of a published wave changes: not when somebody is renamed, and not when somebody is
erased, whose name nobody would know then. The matching itself is in name_masking.py.
"""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.models import CommentVerdict
from analysis.name_masking import Names, known_names, name_spans
from surveys.models import Comment, Contact, Invitation, Partner, User, Wave
from surveys.terms import Mode


def fix_names(session: Session, wave: Wave) -> None:
    """Keep where names stand in the comments of a wave that have no such mark yet.

    An identified wave keeps names: there the vendor knows who wrote.
    """
    if wave.mode is Mode.IDENTIFIED:
        return
    waiting = session.execute(
        select(CommentVerdict.comment_id, Comment.text)
        .join(Comment, Comment.id == CommentVerdict.comment_id)
        .where(CommentVerdict.wave_id == wave.id, CommentVerdict.names.is_(None))
    ).all()
    if waiting:
        names = names_of_run(session, wave)
        session.execute(
            update(CommentVerdict),
            [
                {"comment_id": row.comment_id, "names": name_spans(row.text, names)}
                for row in waiting
            ],
        )


def names_of_run(session: Session, wave: Wave) -> Names:
    """Everybody asked in the wave's run, every partner asked, and the vendor's people who sign
    in."""
    people = session.execute(
        select(Contact.first_name, Contact.last_name)
        .distinct()
        .where(Contact.id.in_(_asked_in_run(wave, Invitation.contact_id)))
    ).all()
    users = [parts for name in session.scalars(select(User.name)) if (parts := name.split())]
    companies = session.scalars(
        select(Partner.name).where(Partner.id.in_(_asked_in_run(wave, Invitation.partner_id)))
    )
    return known_names(
        [person.last_name for person in people] + [" ".join(parts[1:]) for parts in users],
        companies,
        first_names=[person.first_name for person in people] + [parts[0] for parts in users],
    )


def _asked_in_run(wave: Wave, column: Any) -> Any:
    """Contacts or partners that were asked by either wave of the run."""
    return (
        select(column)
        .join(Wave, Wave.id == Invitation.wave_id)
        .where(Wave.survey_id == wave.survey_id, Wave.number == wave.number)
    )
