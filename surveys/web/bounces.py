"""The page of bounces without a match, and the address that a mail provider posts its notices to.

The signature of a notice is its permission. A provider repeats a notice until it is answered with
204, so one that is known is answered the same. Why one is refused is in the log, not in the answer.
"""

import logging

from flask import Blueprint, abort, render_template, request

from surveys.bounces import Arrival, BounceKeys, record_bounce, unmatched_bounces
from surveys.db import db
from surveys.mail.bounces.notices import NoticeRefused, SignedNotice, read_notice
from surveys.permissions import Permission
from surveys.runtime import now, settings
from surveys.web import delivery_words
from surveys.web.sign_in import signed_in
from surveys.web.write_turn import in_turn

bp = Blueprint("bounces", __name__)
SOURCE = "webhook"
MOST_LISTED = 100
STATUS = {"body": 400, "id": 400}
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
logger = logging.getLogger(__name__)


@bp.get("/contacts/unmatched")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """What came back and names no mail of ours, newest first."""
    return render_template(
        "manage/bounces/index.html",
        found=unmatched_bounces(db.session(), limit=MOST_LISTED),
        most=MOST_LISTED,
        words=delivery_words,
    )


@bp.post("/bounces")
@in_turn
def receive() -> tuple[str, int, dict[str, str]]:
    """Take one signed notice; without a secret in the settings there is no such address."""
    known = settings()
    if known.bounce_secret is None:
        abort(404)
    notice = SignedNotice(
        notice_id=request.headers.get("Webhook-Id", ""),
        timestamp=request.headers.get("Webhook-Timestamp", ""),
        signatures=request.headers.get("Webhook-Signature", ""),
        body=request.get_data(),
    )
    try:
        bounce = read_notice(notice, secret=known.bounce_secret, now=now())
    except NoticeRefused as refused:
        logger.warning("a notice of a bounce was refused: %s", refused.reason)
        return "refused\n", STATUS.get(refused.reason, 401), PLAIN
    recorded = record_bounce(
        db.session(),
        bounce,
        arrival=Arrival(SOURCE, notice.notice_id),
        keys=BounceKeys(known.secret_key, known.identity_key),
        now=now(),
    )
    db.session.commit()
    logger.info("notice of a bounce: %s, mail %s", recorded.outcome.value, recorded.mail_id)
    return "", 204, PLAIN
