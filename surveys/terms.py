"""The field's words as enumerations: every closed list that is stored in a column.

A value is what stands in the database, in URLs, in CSV files and in JSON. Adding a value is a
migration (each column carries a CHECK); renaming one breaks stored data. `docs/glossary.md` maps
them to Polish.
"""

from enum import StrEnum


class Audience(StrEnum):
    """Who is asked: contacts at partner companies, or the vendor's own staff (the mirror)."""

    PARTNER = "partner"
    INTERNAL = "internal"


class Mode(StrEnum):
    """What is promised about identity before the first question; fixed when a wave is opened."""

    IDENTIFIED = "identified"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"


class Role(StrEnum):
    """What a signed-in person may do; see surveys/permissions.py."""

    ADMIN = "admin"
    ANALYST = "analyst"
    MANAGER = "manager"
    VIEWER = "viewer"


class SurveyStatus(StrEnum):
    """A survey is prepared, runs, and is finally put aside."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class QuestionKind(StrEnum):
    """The part that a question plays in the model of drivers and outcomes."""

    CORE = "core"
    FOLLOW_UP = "follow_up"
    OUTCOME = "outcome"
    IMPORTANCE = "importance"
    SCREENING = "screening"
    COMMENT = "comment"
    CONTACT = "contact"
    CALIBRATION = "calibration"
    BREACH = "breach"


class QuestionStatus(StrEnum):
    """Whether new versions may use a question of the bank."""

    ACTIVE = "active"
    RETIRED = "retired"


class QuestionType(StrEnum):
    """How an answer is given and stored; see surveys/question_types.py."""

    AGREE5 = "agree5"
    NPS11 = "nps11"
    SHARE11 = "share11"
    IMP7 = "imp7"
    ONE = "one"
    MANY = "many"
    TEXT = "text"
    TICK = "tick"
    RATE5 = "rate5"
    RANK = "rank"
    MATRIX5 = "matrix5"


class WaveState(StrEnum):
    """One dated run; missed or cancelled when it never ran."""

    PLANNED = "planned"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    MISSED = "missed"
    CANCELLED = "cancelled"


class PauseReason(StrEnum):
    """Why a running wave sends nothing; a person resumes it (surveys/pauses.py)."""

    MAIL_POLICY = "mail_policy"


class Channel(StrEnum):
    """Which link brought the respondent."""

    EMAIL = "email"
    LINK = "link"
    REMINDER_1 = "reminder_1"
    REMINDER_LAST = "reminder_last"


class MailKind(StrEnum):
    """Every message the product sends."""

    INVITATION = "invitation"
    REMINDER_1 = "reminder_1"
    REMINDER_LAST = "reminder_last"
    THANKS = "thanks"
    RESULTS = "results"
    STAFF_INVITATION = "staff_invitation"
    STAFF_REMINDER = "staff_reminder"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a message, not a secret
    TEST = "test"
    STAFF_DIGEST = "staff_digest"


class ResultsTo(StrEnum):
    """Who is sent a mail when a wave's results are ready."""

    NOBODY = "nobody"
    PARTICIPANTS = "participants"
    INVITED = "invited"


class Digest(StrEnum):
    """How often a signed-in person is told by mail where the surveys stand."""

    NEVER = "never"
    WEEKLY = "weekly"
    DAILY = "daily"


class MailState(StrEnum):
    """The nine states of a queued mail; see surveys/mail/outbox.py for the protocol."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    IN_DATA = "in_data"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


class WhenUncertain(StrEnum):
    """What becomes of an invitation of which nobody knows whether it arrived."""

    RESEND = "resend"
    HOLD = "hold"


class SuppressionReason(StrEnum):
    """Why nothing may be mailed to an address."""

    OPT_OUT = "opt_out"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    MANUAL = "manual"


class ImportKind(StrEnum):
    """What an uploaded file holds."""

    CONTACTS = "contacts"
    ORDERS = "orders"


class ImportState(StrEnum):
    """Uploaded and waiting for confirmation, done, or given up."""

    UPLOADED = "uploaded"
    DONE = "done"
    CANCELLED = "cancelled"


class ActionStatus(StrEnum):
    """What became of a promise to partners, failure included (principle 9)."""

    PLANNED = "planned"
    DOING = "doing"
    DONE = "done"
    FAILED = "failed"


class CellState(StrEnum):
    """How a published figure is shown."""

    EXACT = "exact"
    BOUND = "bound"
    COARSE = "coarse"
    HIDDEN = "hidden"


class Sentiment(StrEnum):
    """Label of a comment, in the fixed order in which it is always shown."""

    NEGATIVE = "negative"
    MIXED = "mixed"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class FollowUpState(StrEnum):
    """What became of something that a person or a rule marked for follow-up."""

    OPEN = "open"
    DONE = "done"


class RequestKind(StrEnum):
    """What a respondent asks of the vendor, apart from any answer."""

    CALL_ME = "call_me"
    WRONG_PERSON = "wrong_person"
