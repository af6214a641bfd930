"""Tables, constraints and tiny properties; no queries, no mail.

Importing the package registers every fact table. Derived tables and records are in
analysis/models.py.
"""

from surveys.models.accounts import ApiKey, User
from surveys.models.actions import Action, Alert, AlertRule, RadarMark
from surveys.models.outbox import MailboxPosition, MailEvent, OutgoingMail
from surveys.models.partners import (
    PARTNER_DIMENSIONS,
    Contact,
    Import,
    Order,
    Partner,
    Suppression,
)
from surveys.models.platform import (
    AuditEvent,
    Benchmark,
    Erasure,
    Lease,
    RateLimit,
    Setting,
    Webhook,
    WebhookDelivery,
)
from surveys.models.questionnaires import (
    Driver,
    MailTextRow,
    Question,
    Survey,
    SurveyVersion,
    VersionItem,
    Wording,
    WordingText,
)
from surveys.models.responses import (
    MAX_COMMENT_LENGTH,
    AnonymousResponse,
    Answer,
    BotHit,
    Comment,
    CommentAuthor,
    CommentCorrection,
    ContactRequest,
    Draft,
    InboxResponse,
    Prediction,
    Response,
    ThreadMessage,
    WaveChange,
)
from surveys.models.waves import (
    Exclusion,
    Invitation,
    Schedule,
    SegmentProfile,
    Wave,
)

__all__ = [
    "MAX_COMMENT_LENGTH",
    "PARTNER_DIMENSIONS",
    "Action",
    "Alert",
    "AlertRule",
    "AnonymousResponse",
    "Answer",
    "ApiKey",
    "AuditEvent",
    "Benchmark",
    "BotHit",
    "Comment",
    "CommentAuthor",
    "CommentCorrection",
    "Contact",
    "ContactRequest",
    "Draft",
    "Driver",
    "Erasure",
    "Exclusion",
    "Import",
    "InboxResponse",
    "Invitation",
    "Lease",
    "MailEvent",
    "MailTextRow",
    "MailboxPosition",
    "Order",
    "OutgoingMail",
    "Partner",
    "Prediction",
    "Question",
    "RadarMark",
    "RateLimit",
    "Response",
    "Schedule",
    "SegmentProfile",
    "Setting",
    "Suppression",
    "Survey",
    "SurveyVersion",
    "ThreadMessage",
    "User",
    "VersionItem",
    "Wave",
    "WaveChange",
    "Webhook",
    "WebhookDelivery",
    "Wording",
    "WordingText",
]
