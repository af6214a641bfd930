"""Who may do what, and the only way a view or command of a person gets an object.

Deny by default: a permission that a role does not list is refused. Where an object exists but is
not for this person, the answer is the same as where it does not exist.
"""

import re
from enum import StrEnum

from sqlalchemy.orm import Session, defer

from surveys.errors import NotAllowed, NotFound
from surveys.models import Comment, Contact, Import, Partner, Survey, User, Wave
from surveys.terms import Role

COMMENT_KEY = re.compile("[0-9a-f]{32}")


class Permission(StrEnum):
    """One thing that can be allowed."""

    SEE_RESULTS = "see_results"
    SEE_ADDRESSES = "see_addresses"
    EXPORT = "export"
    RUN_SURVEYS = "run_surveys"
    CORRECT_COMMENTS = "correct_comments"
    CHANGE_WORKSPACE = "change_workspace"


_ALL = frozenset(Permission)
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: _ALL,
    Role.ANALYST: frozenset(
        {Permission.SEE_RESULTS, Permission.EXPORT, Permission.CORRECT_COMMENTS}
    ),
    Role.MANAGER: _ALL - {Permission.CHANGE_WORKSPACE},
    Role.VIEWER: frozenset({Permission.SEE_RESULTS}),
}


def allows(user: User, permission: Permission) -> bool:
    """Whether the user's role includes this permission."""
    return user.disabled_at is None and permission in ROLE_PERMISSIONS[user.role]


def require(user: User, permission: Permission) -> None:
    """Raise NotAllowed unless the user's role includes this permission."""
    if not allows(user, permission):
        raise NotAllowed(permission.value)


def wave_for(session: Session, user: User, wave_id: int) -> Wave:
    """A wave whose results this user may see. Raises NotFound or NotAllowed."""
    require(user, Permission.SEE_RESULTS)
    wave = session.get(Wave, wave_id)
    if wave is None:
        raise NotFound("wave", wave_id)
    return wave


def wave_for_running(session: Session, user: User, wave_id: int) -> Wave:
    """A wave that this user may close, pause or remind. Raises NotFound or NotAllowed."""
    require(user, Permission.RUN_SURVEYS)
    return wave_for(session, user, wave_id)


def survey_for(session: Session, user: User, survey_id: int) -> Survey:
    """A survey whose questionnaire this user may see. Raises NotFound or NotAllowed."""
    require(user, Permission.RUN_SURVEYS)
    survey = session.get(Survey, survey_id)
    if survey is None:
        raise NotFound("survey", survey_id)
    return survey


def survey_for_writing(session: Session, user: User, survey_id: int) -> Survey:
    """A survey that this user may edit and schedule. Raises NotFound or NotAllowed."""
    require(user, Permission.RUN_SURVEYS)
    return survey_for(session, user, survey_id)


def contact_for(session: Session, user: User, contact_id: int) -> Contact:
    """A person whom this user may see and edit. Raises NotFound or NotAllowed."""
    require(user, Permission.RUN_SURVEYS)
    contact = session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("contact", contact_id)
    return contact


def partner_for(session: Session, user: User, partner_id: int) -> Partner:
    """A company that this user may see and edit. Raises NotFound or NotAllowed."""
    require(user, Permission.RUN_SURVEYS)
    partner = session.get(Partner, partner_id)
    if partner is None:
        raise NotFound("partner", partner_id)
    return partner


def import_for_writing(session: Session, user: User, import_id: int) -> Import:
    """An uploaded file that this user may check and import. Raises NotFound or NotAllowed."""
    require(user, Permission.RUN_SURVEYS)
    # The bytes are read by who needs them, not by every look at the page.
    bytes_later = (defer(Import.file), defer(Import.errors_csv))
    found = session.get(Import, import_id, options=bytes_later)
    if found is None or found.user_id != user.id:
        raise NotFound("import", import_id)
    return found


def comment_for_correcting(session: Session, user: User, key: str) -> Comment:
    """A comment whose verdict this user may correct, by its id in hex. Raises NotFound or
    NotAllowed.

    Whether its list may be read at all is not known here: analysis/comment_list.py says so.
    """
    require(user, Permission.CORRECT_COMMENTS)
    comment = session.get(Comment, bytes.fromhex(key)) if COMMENT_KEY.fullmatch(key) else None
    if comment is None:
        raise NotFound("comment", key)
    return comment
