"""Pages on which a questionnaire is edited. Every change is one form and works without JavaScript.

A page of the draft holds every question; the one named in `open` shows its fields. What was taken
out stays in the session cookie until the next change, so that it can be put back.
"""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.db import db
from surveys.editor_pages import editor_page
from surveys.errors import FieldError
from surveys.i18n import gettext, page_locale
from surveys.models import Survey, SurveyVersion
from surveys.permissions import Permission, survey_for, survey_for_writing
from surveys.question_settings import set_comment, set_rule
from surveys.questionnaire_drafts import (
    DraftGone,
    add_question,
    discard_draft,
    draft_of,
    line_of,
    move_question,
    put_back,
    remove_question,
    start_draft,
)
from surveys.questionnaire_pages import newest_version
from surveys.rule_checks import rule_problem
from surveys.runtime import now
from surveys.show_rules import RuleError
from surveys.terms import Audience
from surveys.web.accounts import EmptyForm
from surveys.web.editor_forms import (
    as_kept,
    drivers_of,
    field_problem,
    from_kept,
    page_words,
    posted_type,
    posted_words,
)
from surveys.web.questionnaire_words import problem_text, type_word
from surveys.web.sign_in import current_user, signed_in
from surveys.wording_edits import (
    LISTED,
    OWN_TYPES,
    WordsByAudience,
    add_own_question,
    restore_standard,
    save_wordings,
)

bp = Blueprint("editor", __name__, url_prefix="/questionnaires/<int:survey_id>/edit")
REMOVED = "removed_question"
WAYS = {"up": -1, "down": 1, "first": -100, "last": 100}
Reply = Response | tuple[str, int]


@bp.post("/start")
@signed_in(Permission.RUN_SURVEYS)
def start(survey_id: int) -> Reply:
    """Go on with the draft, or begin version n+1 as a copy of what is published."""
    survey = survey_for_writing(db.session(), current_user(), survey_id)
    if EmptyForm().validate():
        version = start_draft(db.session(), survey)
        _audit("questionnaire.edit", survey_id, version=version.number)
        db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id), 303)


@bp.get("")
@signed_in(Permission.RUN_SURVEYS)
def show(survey_id: int) -> Response | str:
    """The draft, one question open for its words."""
    survey = survey_for(db.session(), current_user(), survey_id)
    version = newest_version(db.session(), survey.id)
    if version is None or version.published_at is not None:
        return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)
    return _render(survey, version)


@bp.post("/question/<code>/move")
@signed_in(Permission.RUN_SURVEYS)
def move(survey_id: int, code: str) -> Reply:
    """One place up or down, for both audiences."""
    survey, version = _draft(survey_id)
    way = request.form.get("way", "")
    if not EmptyForm().validate() or way not in WAYS:
        return _refused(survey, version)
    move_question(db.session(), version, code, by=WAYS[way])
    db.session.commit()
    return redirect(
        url_for(".show", survey_id=survey_id, moved=code, way=way, _anchor=f"q-{code}"), 303
    )


@bp.post("/question/<code>/remove")
@signed_in(Permission.RUN_SURVEYS)
def remove(survey_id: int, code: str) -> Reply:
    """Ask it no more; it can be put back from the next page."""
    survey, version = _draft(survey_id)
    if not EmptyForm().validate():
        return _refused(survey, version)
    removed = remove_question(db.session(), version, code)
    _audit("questionnaire.remove", survey_id, version=version.number, question=code)
    db.session.commit()
    cookie[REMOVED] = as_kept(version.id, removed)
    return redirect(url_for(".show", survey_id=survey_id, _anchor="undo"), 303)


@bp.post("/undo")
@signed_in(Permission.RUN_SURVEYS)
def undo(survey_id: int) -> Reply:
    """Put back what was taken out last."""
    survey, version = _draft(survey_id)
    kept = cookie.get(REMOVED)
    if not EmptyForm().validate() or not kept or kept["version"] != version.id:
        return _refused(survey, version)
    removed = from_kept(kept)
    try:
        put_back(db.session(), version, removed)
    except FieldError:
        # It is asked again already: what was wanted.
        db.session.rollback()
    else:
        _audit("questionnaire.add", survey_id, version=version.number, question=removed.line.code)
        db.session.commit()
    cookie.pop(REMOVED)
    code = removed.line.code
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.post("/add")
@signed_in(Permission.RUN_SURVEYS)
def add(survey_id: int) -> Reply:
    """Ask a question of the bank."""
    survey, version = _draft(survey_id)
    code = request.form.get("question", "")
    if not EmptyForm().validate():
        return _refused(survey, version)
    try:
        add_question(db.session(), version, code)
    except FieldError as error:
        db.session.rollback()
        return _render(*_draft(survey_id), errors={"question": field_problem(error)}), 422
    _audit("questionnaire.add", survey_id, version=version.number, question=code)
    db.session.commit()
    cookie.pop(REMOVED, None)
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.post("/question/<code>")
@signed_in(Permission.RUN_SURVEYS)
def save(survey_id: int, code: str) -> Reply:
    """Give a question other words."""
    survey, version = _draft(survey_id)
    _, line = line_of(db.session(), version, code)
    words = posted_words(survey.locales, line.places)
    if not EmptyForm().validate():
        return _refused(survey, version, code, words)
    try:
        save_wordings(
            db.session(), version, code, words=words, reason=request.form.get("reason", "")
        )
    except FieldError as error:
        db.session.rollback()
        survey, version = _draft(survey_id)
        problem = {error.field: field_problem(error)}
        return _render(survey, version, code=code, typed=words, errors=problem), 422
    _audit("questionnaire.word", survey_id, version=version.number, question=code)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.post("/question/<code>/standard")
@signed_in(Permission.RUN_SURVEYS)
def standard(survey_id: int, code: str) -> Reply:
    """The bank's own words again."""
    survey, version = _draft(survey_id)
    if not EmptyForm().validate():
        return _refused(survey, version)
    restore_standard(db.session(), version, code)
    _audit("questionnaire.word", survey_id, version=version.number, question=code)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id, open=code, _anchor=f"q-{code}"), 303)


@bp.post("/question/<code>/settings")
@signed_in(Permission.RUN_SURVEYS)
def settle(survey_id: int, code: str) -> Reply:
    """When a question is asked, and whether a comment can follow its answer."""
    survey, version = _draft(survey_id)
    if not EmptyForm().validate():
        return _refused(survey, version, code)
    rule = request.form.get("rule", "")
    try:
        set_rule(db.session(), version, code, rule)
        set_comment(db.session(), version, code, is_offered=request.form.get("comment") == "1")
    except RuleError as error:
        db.session.rollback()
        survey, version = _draft(survey_id)
        words = {"rule": problem_text(rule_problem(code, error))}
        return _render(survey, version, code=code, errors=words, typed_rule=rule), 422
    _audit("questionnaire.rule", survey_id, version=version.number, question=code)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.get("/new")
@signed_in(Permission.RUN_SURVEYS)
def new(survey_id: int) -> Response | str:
    """The form of a question of one's own."""
    survey = survey_for(db.session(), current_user(), survey_id)
    version = newest_version(db.session(), survey.id)
    if version is None or version.published_at is not None:
        return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)
    return _render_new(survey, words={}, errors={})


@bp.post("/new")
@signed_in(Permission.RUN_SURVEYS)
def create(survey_id: int) -> Reply:
    """Add a question of one's own to the bank and to the draft."""
    survey, version = _draft(survey_id)
    words = posted_words(survey.locales, Audience)
    form = EmptyForm()
    if not form.validate():
        return _render_new(survey, words=words, errors={}, form=form), 422
    try:
        code = add_own_question(
            db.session(),
            version,
            type_=posted_type(),
            driver=request.form.get("driver") or None,
            words=words,
            allows_unknown=request.form.get("unknown") == "1",
        )
    except FieldError as error:
        db.session.rollback()
        survey, _ = _draft(survey_id)
        problem = {error.field: field_problem(error)}
        return _render_new(survey, words=words, errors=problem), 422
    _audit("questionnaire.add", survey_id, version=version.number, question=code)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.get("/discard")
@signed_in(Permission.RUN_SURVEYS)
def confirm_discard(survey_id: int) -> Response | str:
    """Ask before the edits are given up."""
    survey = survey_for(db.session(), current_user(), survey_id)
    version = newest_version(db.session(), survey.id)
    if version is None or version.published_at is not None or version.number == 1:
        return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)
    return render_template(
        "manage/questionnaires/discard.html", survey=survey, version=version, form=EmptyForm()
    )


@bp.post("/discard")
@signed_in(Permission.RUN_SURVEYS)
def discard(survey_id: int) -> Reply:
    """Give up the draft; the published version stays."""
    survey, version = _draft(survey_id)
    if not EmptyForm().validate():
        return _refused(survey, version)
    number = version.number
    discard_draft(db.session(), survey)
    _audit("questionnaire.discard", survey_id, version=number)
    db.session.commit()
    cookie.pop(REMOVED, None)
    flash(gettext("The draft of version %(number)s is gone.", number=number), "ok")
    return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)


@bp.errorhandler(DraftGone)
def draft_is_gone(_error: DraftGone) -> Response:
    """Somebody else published or discarded it while its page was open."""
    db.session.rollback()
    flash(gettext("Nothing was changed: this draft was published or discarded meanwhile."), "warn")
    survey_id = (request.view_args or {})["survey_id"]
    return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)


def _draft(survey_id: int) -> tuple[Survey, SurveyVersion]:
    survey = survey_for_writing(db.session(), current_user(), survey_id)
    return survey, draft_of(db.session(), survey)


def _refused(
    survey: Survey,
    version: SurveyVersion,
    code: str | None = None,
    words: WordsByAudience | None = None,
) -> tuple[str, int]:
    """The guard did not fit: nothing is changed, and what was typed is shown again."""
    db.session.rollback()
    survey, version = _draft(survey.id)
    return _render(survey, version, code=code, typed=words, is_stale=True), 422


def _render(
    survey: Survey,
    version: SurveyVersion,
    *,
    code: str | None = None,
    typed: WordsByAudience | None = None,
    errors: Mapping[str, str] | None = None,
    is_stale: bool = False,
    typed_rule: str | None = None,
) -> str:
    session = db.session()
    kept = cookie.get(REMOVED)
    return render_template(
        "manage/questionnaires/edit.html",
        survey=survey,
        page=editor_page(session, version, locale=page_locale()),
        open_code=code or request.args.get("open"),
        moved=request.args.get("moved"),
        way=request.args.get("way"),
        typed=typed or {},
        errors=errors or {},
        is_stale=is_stale,
        typed_rule=typed_rule,
        removed=kept if kept and kept["version"] == version.id else None,
        **page_words(session, survey),
    )


def _render_new(
    survey: Survey,
    *,
    words: WordsByAudience,
    errors: Mapping[str, str],
    form: EmptyForm | None = None,
) -> str:
    session = db.session()
    drivers = {each.code: each.names[page_locale()] for each in drivers_of(session)}
    return render_template(
        "manage/questionnaires/own.html",
        survey=survey,
        typed=words,
        errors=errors,
        types={type_.value: type_word(type_) for type_ in OWN_TYPES},
        listed={type_.value for type_ in LISTED},
        drivers={"": gettext("None"), **drivers},
        given=request.form,
        **({"form": form} if form else {}) | page_words(session, survey),
    )


def _audit(action: str, survey_id: int, **detail: object) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="survey",
        object_id=survey_id,
        **detail,
    )
