"""Pages on which a survey's mails are read, reworded, looked at and tried out.

The letter itself stands in a frame at an address of its own, under a policy by which it can do
nothing (surveys/web/security.py).
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField

from surveys.audit import record_event
from surveys.db import db
from surveys.email_addresses import normalise_email
from surveys.errors import NotFound
from surveys.i18n import gettext, in_locale
from surveys.invitations import LinkKeys
from surveys.mail.examples import FIRST_NAME, OF_STAFF, Example, Letter, example_letter
from surveys.mail.letters import greeting_and_signature
from surveys.mail.own_texts import SURVEY_KINDS, OwnText, offered
from surveys.mail_texts import (
    MailTextRefused,
    SentTest,
    checked,
    last_test,
    mail_text_lines,
    own_texts,
    queue_test,
    save_mail_text,
    standard,
)
from surveys.models import Survey
from surveys.permissions import Permission, survey_for, survey_for_writing
from surveys.rate_limits import admit_try, bucket_name, recent_tries
from surveys.runtime import now, settings
from surveys.terms import MailKind
from surveys.web import delivery_words, mail_words
from surveys.web.forms import BaseForm
from surveys.web.security import FRAME_SANDBOX, in_frame, shows_frame
from surveys.web.sign_in import current_user, signed_in
from surveys.workspace import workspace

bp = Blueprint("mail_texts", __name__, url_prefix="/surveys/<int:survey_id>/mails")
TESTS_PER_MINUTE = 5
TESTS_PER_QUARTER = 20
WIDTHS = ("600", "390")
DARK = "(prefers-color-scheme: dark)"
NEW_TABS = '<base target="_blank">'


class MailTextForm(BaseForm):
    """Subject and text of a mail, and the address that a test goes to."""

    subject = StringField()
    body = TextAreaField()
    to = StringField()


@dataclass(frozen=True, slots=True)
class Place:
    """Which mail of which survey, in which language."""

    survey: Survey
    kind: MailKind
    locale: str

    @property
    def values(self) -> dict[str, object]:
        """What names it in addresses."""
        return {"survey_id": self.survey.id, "kind": self.kind.value, "locale": self.locale}


@bp.get("")
@signed_in(Permission.RUN_SURVEYS)
def index(survey_id: int) -> str:
    """Every mail of the survey, in every language, with whose words it is in."""
    survey = survey_for(db.session(), current_user(), survey_id)
    lines = mail_text_lines(db.session(), survey)
    return render_template(
        "manage/mails/index.html",
        survey=survey,
        kinds=SURVEY_KINDS,
        staff_kinds=OF_STAFF,
        zone=ZoneInfo(survey.time_zone),
        lines={(line.kind, line.locale): line for line in lines},
        words=delivery_words,
        mail_words=mail_words,
    )


@bp.get("/<kind>/<locale>")
@signed_in(Permission.RUN_SURVEYS)
@shows_frame
def show(survey_id: int, kind: str, locale: str) -> str:
    """The editor: the text in use, the standard one, or that of the last test."""
    place = _place(survey_id, kind, locale)
    text = _chosen_text(place)
    form = MailTextForm(subject=text.subject, body=text.body, to=current_user().email)
    return _page(place, form)


@bp.post("/<kind>/<locale>")
@signed_in(Permission.RUN_SURVEYS)
@shows_frame
def save(survey_id: int, kind: str, locale: str) -> Response | tuple[str, int]:
    """Store the text; the mails that leave from now on are in these words."""
    place = _place(survey_id, kind, locale)
    form = MailTextForm()
    text = _checked_text(place, form)
    if text is None:
        return _page(place, form), 422
    person = current_user().id
    try:
        is_own = save_mail_text(
            db.session(), place.survey, place.kind, locale, text, now=now(), user_id=person
        )
    except IntegrityError:
        # Somebody stored one in the same moment; the page shows it.
        db.session.rollback()
        return redirect(url_for(".show", survey_id=survey_id, kind=kind, locale=locale), 303)
    _audit("mail_text.save" if is_own else "mail_text.standard", place)
    db.session.commit()
    flash(
        gettext("Saved. Mails that leave from now on are in these words.")
        if is_own
        else gettext("Saved. Mails are in the standard words again."),
        "ok",
    )
    return redirect(url_for(".show", survey_id=survey_id, kind=kind, locale=locale), 303)


@bp.post("/<kind>/<locale>/test")
@signed_in(Permission.RUN_SURVEYS)
@shows_frame
def send_test(survey_id: int, kind: str, locale: str) -> Response | tuple[str, int]:
    """Queue a test of the text as it stands in the form; nothing of it is stored for partners."""
    place = _place(survey_id, kind, locale)
    form = MailTextForm()
    text = _checked_text(place, form)
    if text is None:
        return _page(place, form), 422
    address = normalise_email(form.to.data or "")
    problem = _no_test(address)
    if address is None or problem:
        form.to.errors = [problem or ""]
        return _page(place, form), 422
    if not _admit_test():
        form.to.errors = [gettext("You have sent many tests. Please wait a few minutes.")]
        return _page(place, form), 429
    mail_id = queue_test(
        db.session(),
        place.survey,
        place.kind,
        locale,
        text,
        user_id=current_user().id,
        email=address,
        keys=LinkKeys(settings().secret_key, settings().mail_domain),
        identity_key=settings().identity_key,
        now=now(),
    )
    _audit("mail_text.test", place, mail_id=mail_id, to_oneself=address == current_user().email)
    db.session.commit()
    flash(gettext("The test is on its way to %(address)s.", address=address), "ok")
    return redirect(
        url_for(".show", survey_id=survey_id, kind=kind, locale=locale, text="test"), 303
    )


@bp.get("/<kind>/<locale>/letter")
@signed_in(Permission.RUN_SURVEYS)
@in_frame
def letter(survey_id: int, kind: str, locale: str) -> Response:
    """The letter as it would arrive, for the frame."""
    place = _place(survey_id, kind, locale)
    return _framed(place, _chosen_text(place), request.args.get("view", ""))


@bp.post("/<kind>/<locale>/letter")
@signed_in(Permission.RUN_SURVEYS)
@in_frame
def letter_of_form(survey_id: int, kind: str, locale: str) -> Response:
    """The letter in the words that stand in the form, saved or not; nothing is stored."""
    place = _place(survey_id, kind, locale)
    form = MailTextForm()
    text = _checked_text(place, form)
    if text is None:
        errors = [str(error) for name in form.errors for error in form.errors[name]]
        return Response("\n\n".join(errors), 422, mimetype="text/plain")
    return _framed(place, text, request.form.get("view", ""))


@bp.get("/<kind>/<locale>/link")
@signed_in(Permission.RUN_SURVEYS)
def link(survey_id: int, kind: str, locale: str) -> str:
    """Where the links of a test and of the preview lead: nothing can be answered here."""
    return render_template(
        "manage/mails/link.html",
        place=_place(survey_id, kind, locale),
        text=mail_words.link_text(request.args.get("opens", "")),
        score=request.args.get("score", type=int),
        words=delivery_words,
    )


def _place(survey_id: int, kind: str, locale: str) -> Place:
    accessor = survey_for if request.method == "GET" else survey_for_writing
    survey = accessor(db.session(), current_user(), survey_id)
    if kind not in set(SURVEY_KINDS) or locale not in survey.locales:
        raise NotFound("mail text", f"{kind} {locale}")
    return Place(survey, MailKind(kind), locale)


def _text_in_use(place: Place) -> OwnText | None:
    return own_texts(db.session(), place.survey.id).get((place.kind, place.locale))


def _last_test(place: Place) -> SentTest | None:
    return last_test(
        db.session(), place.survey, place.kind, place.locale, user_id=current_user().id
    )


def _chosen_text(place: Place) -> OwnText:
    wanted = request.args.get("text")
    test = _last_test(place) if wanted == "test" else None
    if test is not None:
        return test.text
    own = None if wanted == "standard" else _text_in_use(place)
    return own or standard(place.survey, place.kind, place.locale)


def _checked_text(place: Place, form: MailTextForm) -> OwnText | None:
    """The text of the form as it would be stored; None, and errors at its fields, if it cannot."""
    if not form.validate():
        return None
    try:
        return checked(
            place.survey, place.kind, subject=form.subject.data or "", body=form.body.data or ""
        )
    except MailTextRefused as refused:
        for name in ("subject", "body"):
            found = [
                mail_words.problem_text(each) for each in refused.problems if each.field == name
            ]
            form[name].errors = [" ".join(found)] if found else []
        return None


def _no_test(address: str | None) -> str | None:
    """Why no test can be sent, or None."""
    if not workspace(db.session()).is_ready:
        return gettext("Nobody is set as sender yet, so no mail can leave.")
    return None if address else gettext("Write the address like name@company.com.")


def _admit_test() -> bool:
    bucket = bucket_name(settings().secret_key, "mail test", str(current_user().id))
    if recent_tries(db.session(), bucket, now=now()) >= TESTS_PER_QUARTER:
        return False
    return admit_try(db.session(), bucket, now=now(), limit=TESTS_PER_MINUTE)


def _page(place: Place, form: MailTextForm) -> str:
    own = _text_in_use(place)
    usual = standard(place.survey, place.kind, place.locale)
    shown = OwnText(form.subject.data or "", form.body.data or "")
    with in_locale(place.locale):
        greeting, signature = greeting_and_signature(
            place.locale, vendor=workspace(db.session()).vendor, first_name=FIRST_NAME
        )
    test = _last_test(place)
    return render_template(
        "manage/mails/edit.html",
        place=place,
        form=form,
        is_own=own is not None,
        is_usual=shown == usual,
        is_unsaved=shown != (own or usual),
        line=next(
            line
            for line in mail_text_lines(db.session(), place.survey)
            if (line.kind, line.locale) == (place.kind, place.locale)
        ),
        greeting=greeting,
        signature=signature,
        placeholders=offered(place.kind, place.survey.mode),
        test=test,
        text_shown=request.args.get("text"),
        widths=WIDTHS,
        sandbox=FRAME_SANDBOX,
        zone=ZoneInfo(place.survey.time_zone),
        words=delivery_words,
        mail_words=mail_words,
    )


def _framed(place: Place, text: OwnText, view: str) -> Response:
    example = Example(
        survey=place.survey,
        kind=place.kind,
        locale=place.locale,
        text=text,
        base_url=settings().base_url,
    )
    found = example_letter(db.session(), example, current_app.jinja_env, now=now())
    if view == "text":
        return Response(f"{found.subject}\n\n{found.text}", mimetype="text/plain")
    return Response(_in_scheme(found, "dark" if view == "dark" else "light"), mimetype="text/html")


def _in_scheme(found: Letter, scheme: str) -> str:
    """The letter as a mail program shows it in this scheme, whatever the reader's own is."""
    html = found.html.replace(DARK, "all" if scheme == "dark" else "not all")
    return html.replace("<head>", f"<head>{NEW_TABS}", 1)


def _audit(action: str, place: Place, **detail: object) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="survey",
        object_id=place.survey.id,
        kind=place.kind.value,
        locale=place.locale,
        **detail,
    )
