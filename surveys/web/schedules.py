"""The page of a survey's schedule; its addresses belong to the blueprint of waves."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.db import db
from surveys.errors import NotFound
from surveys.follow_ups import follow_ups, save_follow_ups
from surveys.i18n import format_moment, gettext
from surveys.invitations import audience_sizes
from surveys.mail.quiet_hours import contact_countries
from surveys.mail_texts import own_texts
from surveys.models import Schedule, Survey
from surveys.permissions import Permission, survey_for, survey_for_writing
from surveys.question_bank import fill, load_bank
from surveys.recurrence import Frequency
from surveys.runtime import now
from surveys.schedules import (
    Reminders,
    ScheduleRefused,
    ScheduleWish,
    check_schedule,
    described_rule,
    drafted,
    pause_schedule,
    resume_schedule,
    save_schedule,
    schedule_of,
    schedule_state,
    wish_of,
)
from surveys.sending_hours import WORKING_HOURS, sending_hours
from surveys.terms import Audience, MailKind
from surveys.wave_pages import coming_waves, last_response_rate
from surveys.web import wave_words
from surveys.web.accounts import EmptyForm
from surveys.web.sign_in import current_user, signed_in
from surveys.web.wave_forms import ScheduleForm, choice_names, form_values
from surveys.workspace import workspace

OPENING = time(9)
NOTICE = timedelta(days=7)
OPEN_DAYS = 12
GRACE_HOURS = 24


def add_routes(bp: Blueprint) -> None:
    """Put the pages of a schedule under a survey's address."""
    address = "/surveys/<int:survey_id>/schedule"
    guard = signed_in(Permission.RUN_SURVEYS)
    bp.add_url_rule(address, "show_schedule", guard(show), methods=["GET"])
    bp.add_url_rule(address, "save_schedule", guard(save), methods=["POST"])
    bp.add_url_rule(f"{address}/pause", "pause_schedule", guard(pause), methods=["POST"])
    bp.add_url_rule(f"{address}/resume", "resume_schedule", guard(resume), methods=["POST"])


def show(survey_id: int) -> str:
    """The schedule of a survey, or a first one to fill in."""
    survey = survey_for(db.session(), current_user(), survey_id)
    schedule = schedule_of(db.session(), survey.id)
    wish = (wish_of(schedule) if schedule else None) or _first_wish(survey)
    form = ScheduleForm(**form_values(wish, follow_ups(survey)))
    return _render(survey, schedule, form, shown=schedule or drafted(survey, wish, None))


def save(survey_id: int) -> Response | str | tuple[str, int]:
    """Store the schedule, or with the button 'Show dates' only show what it would do."""
    session = db.session()
    survey = survey_for_writing(session, current_user(), survey_id)
    known = schedule_of(session, survey.id)
    form = ScheduleForm()
    if not form.validate():
        return _render(survey, known, form, shown=known), 422
    try:
        if request.form.get("do") == "preview":
            draft = drafted(survey, form.wish(), known)
            check_schedule(draft, now=now(), mode=survey.mode)
            return _render(survey, known, form, shown=draft, is_preview=True)
        schedule = save_schedule(session, survey, form.wish(), now=now())
        save_follow_ups(session, survey, form.follow_ups())
    except ScheduleRefused as error:
        db.session.rollback()
        form.refuse(error.problems)
        return _render(survey, schedule_of(session, survey_id), form, shown=None), 422
    _audit("schedule.save", survey_id)
    db.session.commit()
    _say_saved(schedule)
    return _to_page(survey_id)


def pause(survey_id: int) -> Response:
    """Open no wave until the schedule is resumed."""
    schedule = _schedule_for_writing(survey_id)
    if _is_confirmed():
        pause_schedule(db.session(), schedule, now=now())
        _audit("schedule.pause", survey_id)
        db.session.commit()
        flash(gettext("The schedule is paused. No wave opens until it is resumed."), "ok")
    return _to_page(survey_id)


def resume(survey_id: int) -> Response:
    """Go on with the next wave."""
    schedule = _schedule_for_writing(survey_id)
    if _is_confirmed():
        resume_schedule(db.session(), schedule, now=now())
        _audit("schedule.resume", survey_id)
        db.session.commit()
        _say_saved(schedule)
    return _to_page(survey_id)


def _render(
    survey: Survey,
    schedule: Schedule | None,
    form: ScheduleForm,
    *,
    shown: Schedule | None,
    is_preview: bool = False,
) -> str:
    """`shown`: the schedule whose dates stand beside the form."""
    session = db.session()
    sizes = audience_sizes(session, [survey.id], now=now())
    rate = last_response_rate(session, survey.id)
    partners = sizes[survey.id, Audience.PARTNER]
    return render_template(
        "manage/waves/schedule.html",
        survey=survey,
        schedule=schedule,
        state=schedule_state(schedule, survey) if schedule else None,
        is_simple=schedule is None or wish_of(schedule) is not None,
        rule=described_rule(schedule) if schedule else None,
        form=form,
        choices=choice_names(survey.mode),
        waves=coming_waves(shown, now=now()),
        rest=sending_hours(shown.sending if shown else None).rest,
        countries=contact_countries(session),
        zone=ZoneInfo(shown.time_zone if shown else survey.time_zone),
        is_preview=is_preview,
        partners=partners,
        staff=sizes[survey.id, Audience.INTERNAL],
        response_rate=rate,
        expected=int(partners.people * rate) if rate is not None else None,
        sender=workspace(session),
        subjects=_subjects(survey, workspace(session).vendor),
        words=wave_words,
    )


def _first_wish(survey: Survey) -> ScheduleWish:
    """What a first schedule proposes: each quarter, from a Monday at least a week away."""
    day = (now().astimezone(ZoneInfo(survey.time_zone)) + NOTICE).date()
    return ScheduleWish(
        frequency=Frequency.QUARTERLY,
        is_by_weekday=True,
        starts_on=day + timedelta(days=-day.weekday() % 7),
        local_time=OPENING,
        open_days=OPEN_DAYS,
        grace_hours=GRACE_HOURS,
        reminders=Reminders.BOTH,
        sending=WORKING_HOURS,
    )


def _subjects(survey: Survey, vendor: str) -> list[tuple[str, str]]:
    """Language and subject of the invitation to partners; an own one with its placeholders."""
    own = own_texts(db.session(), survey.id)
    kind = MailKind.INVITATION
    return [
        (
            locale,
            own[kind, locale].subject
            if (kind, locale) in own
            else fill(load_bank().mail(kind, locale=locale).subject, vendor=vendor),
        )
        for locale in survey.locales
    ]


def _schedule_for_writing(survey_id: int) -> Schedule:
    survey = survey_for_writing(db.session(), current_user(), survey_id)
    schedule = schedule_of(db.session(), survey.id)
    if schedule is None:
        raise NotFound("schedule", survey_id)
    return schedule


def _is_confirmed() -> bool:
    """Whether this comes from our own page; else the person is asked to send it again."""
    is_ours = EmptyForm().validate()
    if not is_ours:
        flash(gettext("Nothing was changed. Please try again."), "warn")
    return is_ours


def _say_saved(schedule: Schedule) -> None:
    if schedule.next_run_at is None or schedule.paused_at is not None:
        flash(gettext("The schedule is saved."), "ok")
        return
    moment = format_moment(schedule.next_run_at, ZoneInfo(schedule.time_zone))
    flash(gettext("The schedule is saved. The next wave opens %(moment)s.", moment=moment), "ok")


def _to_page(survey_id: int) -> Response:
    return redirect(url_for("waves.show_schedule", survey_id=survey_id), 303)


def _audit(action: str, survey_id: int) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="survey",
        object_id=survey_id,
    )
