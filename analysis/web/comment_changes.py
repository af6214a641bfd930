"""Corrections of verdicts and marks for follow-up: every change is a POST that leads back to its
place in the list."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectMultipleField, StringField
from wtforms.validators import AnyOf, Optional

from analysis.comment_list import fits, is_listed
from analysis.models import CommentVerdict
from analysis.published_comments import UNSURE
from analysis.queries import drivers
from analysis.verdicts import count_verdicts
from analysis.web.choice import SEPARATOR, chosen
from analysis.web.comment_notice import Notice, keep_notice
from analysis.web.comments import address_of, filter_of, list_page, lists_of, voice_of
from analysis.words import sentiment_name
from surveys.audit import record_event
from surveys.comment_corrections import correct_comment, undo_correction
from surveys.comment_follow_ups import BACK, FollowUpStep, follow_up
from surveys.db import db
from surveys.errors import NotFound
from surveys.i18n import gettext, page_locale
from surveys.models import Comment, Wave
from surveys.permissions import COMMENT_KEY, Permission, comment_for_correcting
from surveys.runtime import now
from surveys.terms import Sentiment
from surveys.web.accounts import EmptyForm
from surveys.web.forms import BaseForm
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("comment_changes", __name__)
UNDO = "undo"


class VerdictForm(BaseForm):
    """A whole verdict, or (without `whole`) only its label, as a key of the keyboard gives it."""

    label = StringField(validators=[AnyOf([each.value for each in Sentiment])])
    drivers = SelectMultipleField(validate_choice=False)
    exit = BooleanField()
    whole = StringField(validators=[Optional(), AnyOf(["1"])])

    @property
    def values(self) -> dict[str, Any]:
        """What the person says, as the operation takes it."""
        said: dict[str, Any] = {"label": Sentiment(self.label.data or "")}
        if self.whole.data:
            said |= {"drivers": self.drivers.data, "quiet_exit": self.exit.data}
        return said


@bp.post("/comments/<int:run_id>/<key>/verdict")
@signed_in(Permission.CORRECT_COMMENTS)
def correct(run_id: int, key: str) -> Response | tuple[str, int]:
    """Keep what a person says of the comment."""
    wave, comment = _found(run_id, key)
    form = VerdictForm()
    known = {driver.code for driver in drivers(db.session(), page_locale())}
    if not form.validate() or not known.issuperset(form.drivers.data or ()):
        return list_page(chosen(run_id), edited=key, is_refused=True), 422
    is_new = correct_comment(
        db.session(), comment.id, user_id=current_user().id, now=now(), **form.values
    )
    if not is_new:
        notice = Notice(gettext("Nothing was changed: this is the rating already."), key)
        return _back(run_id, wave, comment, notice)
    label = _counted(comment)
    _audit("comment.correct", comment, label=label)
    text = gettext("The rating is now: %(label)s.", label=sentiment_name(label).lower())
    return _back(run_id, wave, comment, Notice(text, key, UNDO))


@bp.post("/comments/<int:run_id>/<key>/undo")
@signed_in(Permission.CORRECT_COMMENTS)
def undo(run_id: int, key: str) -> Response | tuple[str, int]:
    """Take the correction that counts back."""
    wave, comment = _found(run_id, key)
    if not EmptyForm().validate():
        return list_page(chosen(run_id)), 422
    if not undo_correction(db.session(), comment.id, now=now()):
        notice = Notice(gettext("Nothing was changed: there is no correction."), key)
        return _back(run_id, wave, comment, notice)
    label = _counted(comment)
    _audit("comment.undo", comment, label=label)
    text = gettext(
        "The correction is undone. The rating is now: %(label)s.",
        label=sentiment_name(label).lower(),
    )
    return _back(run_id, wave, comment, Notice(text, key))


@bp.post("/comments/<int:run_id>/<key>/follow-up")
@signed_in(Permission.CORRECT_COMMENTS)
def mark(run_id: int, key: str) -> Response | tuple[str, int]:
    """Mark the comment for follow-up, or say what became of the mark."""
    wave, comment = _found(run_id, key)
    wanted = request.form.get("do")
    if not EmptyForm().validate() or wanted not in set(FollowUpStep):
        return list_page(chosen(run_id)), 422
    step = FollowUpStep(wanted or "")
    if not follow_up(db.session(), comment, step, user_id=current_user().id, now=now()):
        notice = Notice(gettext("Nothing was changed: somebody else was faster."), key)
        return _back(run_id, wave, comment, notice)
    _audit("comment.follow_up", comment, step=step.value)
    return _back(run_id, wave, comment, Notice(_step_text(step), key, BACK[step].value))


def _found(run_id: int, key: str) -> tuple[Wave, Comment]:
    """The comment and the wave in whose list it may be read. Raises NotFound."""
    comment = comment_for_correcting(db.session(), current_user(), key)
    for wave in lists_of(chosen(run_id)).values():
        if is_listed(db.session(), wave, comment.id):
            return wave, comment
    raise NotFound("comment", key)


def _counted(comment: Comment) -> str:
    """Let the correction count; the label under which the comment is listed now."""
    count_verdicts(db.session(), [comment.id])
    verdict = db.session.get_one(CommentVerdict, comment.id, populate_existing=True)
    return UNSURE if verdict.is_unsure else verdict.label.value


def _audit(action: str, comment: Comment, **detail: Any) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="wave",
        object_id=comment.wave_id,
        comment=comment.id.hex(),
        **detail,
    )


def _back(run_id: int, wave: Wave, comment: Comment, notice: Notice) -> Response:
    """To the comment in the list that it came from, or to its neighbour if it left that list."""
    dimension, _, segment = request.args.get("segment", "").partition(SEPARATOR)
    wanted = filter_of(request.args, row=(dimension, segment))
    is_here = fits(db.session(), wave, comment.id, wanted)
    beside = COMMENT_KEY.fullmatch(request.form.get("beside", ""))
    anchor = notice.key if is_here else beside and beside[0]
    db.session.commit()
    keep_notice(notice)
    place = url_for(
        "comments.show",
        run_id=run_id,
        page=request.args.get("page", type=int),
        **address_of(wanted, voice_of(request.args)),
    )
    return redirect(f"{place}#{f'c-{anchor}' if anchor else 'list'}", 303)


def _step_text(step: FollowUpStep) -> str:
    return {
        FollowUpStep.MARK: gettext("Marked for follow-up"),
        FollowUpStep.DONE: gettext("Follow-up is done"),
        FollowUpStep.REOPEN: gettext("To follow up again"),
        FollowUpStep.REMOVE: gettext("No longer marked for follow-up"),
    }[step]
