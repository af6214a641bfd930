"""Waves and schedules in words: states, reasons, rules, periods, in the language of the page."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from surveys.i18n import (
    country_name,
    format_day,
    format_day_of_month,
    format_moment,
    gettext,
    ngettext,
    pgettext,
    wave_title,
)
from surveys.recurrence import LAST, Frequency, RecurrenceRule
from surveys.rest_days import RestDays, delays
from surveys.schedules import ScheduleState
from surveys.terms import Audience, MailKind, MailState, Mode, PauseReason, WaveState
from surveys.wave_pages import RunLine

SHORTEST_MONTH = 28
PARTNER, INTERNAL = Audience.PARTNER, Audience.INTERNAL


def run_name(line: RunLine) -> str:
    """The survey and the wave: 'Quarterly pulse, Q1 2027'."""
    return gettext("%(survey)s, %(wave)s", survey=line.survey_name, wave=wave_title(line.label))


def period(first: datetime, last: datetime, zone: ZoneInfo) -> str:
    """From day to day: 9–20 November 2026, 28 January – 8 February 2027."""
    start, end = first.astimezone(zone).date(), last.astimezone(zone).date()
    if start == end:
        return format_day(end)
    if start.year != end.year:
        return f"{format_day(start)} – {format_day(end)}"
    if start.month != end.month:
        return f"{format_day_of_month(start)} – {format_day(end)}"
    return f"{start.day}–{format_day(end)}"


def rest_notes(
    opens_at: datetime, zone: ZoneInfo, rest: RestDays, countries: Sequence[str]
) -> list[str]:
    """Whose first mails leave later than the wave opens, since the day is kept free for them."""
    day = opens_at.astimezone(zone).date()
    return [
        gettext(
            "Public holiday (%(countries)s): mails there leave on %(day)s.",
            countries=", ".join(country_name(code) for code in codes),
            day=format_day(later),
        )
        if codes
        else gettext("A day off: mails leave on %(day)s.", day=format_day(later))
        for later, codes in delays(rest, day, countries).items()
    ]


def run_status(line: RunLine, now: datetime) -> str:
    """The state of a run, with the days that are left."""
    if line.state is not WaveState.OPEN:
        return state_word(line.state)
    if now >= line.closes_at:
        until = format_moment(line.grace_until, line.zone)
        return gettext("Late answers until %(moment)s", moment=until)
    days = _days_left(line, now)
    if days == 0:
        return gettext("Open, last day")
    return ngettext("Open, %(num)s day left", "Open, %(num)s days left", days)


def state_word(state: WaveState) -> str:
    """A wave's state."""
    return {
        WaveState.PLANNED: gettext("Planned"),
        WaveState.OPEN: gettext("Open"),
        WaveState.PAUSED: pgettext("wave", "Paused"),
        WaveState.CLOSED: pgettext("wave", "Closed"),
        WaveState.MISSED: gettext("Missed"),
        WaveState.CANCELLED: gettext("Cancelled"),
    }[state]


def schedule_word(state: ScheduleState) -> str:
    """A schedule's state."""
    return {
        ScheduleState.ACTIVE: gettext("Active"),
        ScheduleState.PAUSED: pgettext("schedule", "Paused"),
        ScheduleState.DRAFT: gettext("Draft"),
        ScheduleState.ENDED: gettext("Ended"),
    }[state]


def missed_text(reason: str | None) -> str:
    """Why a scheduled wave did not open, or why a running one is paused."""
    texts = {
        "too_late": gettext("Nothing was running when it was due, and later it was too late."),
        "no_sender": gettext("No sender was set, so no mail could leave."),
        "no_version": gettext("No questionnaire was published."),
        "no_contacts": gettext("There was nobody to ask."),
        "already_open": gettext("The wave before it was still open."),
        PauseReason.MAIL_POLICY: gettext("Mail servers refuse its mails as unwanted."),
    }
    return texts.get(reason or "", reason or "")


def refusal_text(reason: str) -> str:
    """Why a wave cannot be opened now."""
    texts = {
        "no_sender": gettext("Nobody is set as sender yet, so no mail can leave."),
        "no_version": gettext("The questionnaire is not published yet."),
        "no_contacts": gettext("There is nobody to ask yet."),
        "already_open": gettext("A wave of this survey is open already."),
    }
    return texts.get(reason, reason)


def left_out_text(reason: str, people: int) -> str:
    """How many were left out for one reason."""
    if reason == "no_address":
        return ngettext(
            "%(num)s without an email address", "%(num)s without an email address", people
        )
    if reason == "suppressed":
        return ngettext(
            "%(num)s unsubscribed or unreachable", "%(num)s unsubscribed or unreachable", people
        )
    if reason == "do_not_survey":
        return ngettext(
            "%(num)s who is not to be asked before a later date",
            "%(num)s who are not to be asked before a later date",
            people,
        )
    return ngettext("%(num)s taken out by hand", "%(num)s taken out by hand", people)


def mail_state_word(state: MailState) -> str:
    """What became of mails, as the name of a count."""
    return {
        MailState.QUEUED: gettext("Waiting"),
        MailState.CLAIMED: gettext("Being sent"),
        MailState.IN_DATA: gettext("Being sent, text under way"),
        MailState.SENT: gettext("Sent"),
        MailState.DEFERRED: gettext("Put off by the receiving server, tried again"),
        MailState.FAILED: gettext("Refused"),
        MailState.SUPPRESSED: gettext("Not sent: unsubscribed or unreachable"),
        MailState.CANCELLED: gettext("Withdrawn: answered, or the wave ended"),
        MailState.UNCERTAIN: gettext("Uncertain"),
    }[state]


def mail_lines(mails: Mapping[MailState, int]) -> list[tuple[str, int]]:
    """Counts of mails by what became of them, in the order of their way; none that is zero."""
    return [(mail_state_word(state), mails[state]) for state in MailState if mails.get(state)]


def audience_word(audience: Audience) -> str:
    """The short name of a voice."""
    return gettext("Partners") if audience is Audience.PARTNER else gettext("Our team")


def mode_word(mode: Mode) -> str:
    """What is promised about identity, in a word."""
    return {
        Mode.IDENTIFIED: gettext("Identified"),
        Mode.CONFIDENTIAL: gettext("Confidential"),
        Mode.ANONYMOUS: gettext("Anonymous"),
    }[mode]


def reminder_word(kind: MailKind) -> str:
    """The name of a reminder, or of what is mailed afterwards."""
    return {
        MailKind.REMINDER_1: gettext("First reminder"),
        MailKind.REMINDER_LAST: gettext("Last reminder"),
        MailKind.STAFF_REMINDER: gettext("Reminder"),
        MailKind.THANKS: gettext("Thank-you"),
        MailKind.RESULTS: gettext("Results"),
    }[kind]


def rule_words(rule: RecurrenceRule) -> str:
    """A rule: 'Every quarter, 2nd Monday'."""
    if rule.frequency is Frequency.ONCE:
        return gettext("Once")
    return gettext("%(how_often)s, %(day)s", how_often=_how_often(rule), day=_day(rule))


def weekday_place(day: date) -> str:
    """Which weekday of its month a date is: '2nd Monday', 'last Friday'."""
    place = (day.day + 6) // 7
    return _place(place if place < 5 else LAST, day.weekday())


def _days_left(line: RunLine, now: datetime) -> int:
    closing = line.closes_at.astimezone(line.zone).date()
    return (closing - now.astimezone(line.zone).date()).days


def _how_often(rule: RecurrenceRule) -> str:
    n = rule.interval
    if n == 1:
        return {
            Frequency.WEEKLY: gettext("Every week"),
            Frequency.MONTHLY: gettext("Every month"),
            Frequency.QUARTERLY: gettext("Every quarter"),
            Frequency.YEARLY: gettext("Every year"),
        }[rule.frequency]
    return {
        Frequency.WEEKLY: ngettext("Every %(num)s week", "Every %(num)s weeks", n),
        Frequency.MONTHLY: ngettext("Every %(num)s month", "Every %(num)s months", n),
        Frequency.QUARTERLY: ngettext("Every %(num)s quarter", "Every %(num)s quarters", n),
        Frequency.YEARLY: ngettext("Every %(num)s year", "Every %(num)s years", n),
    }[rule.frequency]


def _day(rule: RecurrenceRule) -> str:
    if rule.weekday is not None:
        return _place(rule.nth, rule.weekday) if rule.nth else _weekday(rule.weekday)
    day = rule.day_of_month or 1
    if day > SHORTEST_MONTH:
        return gettext("day %(day)s or the last of a shorter month", day=day)
    return gettext("day %(day)s", day=day)


def _place(nth: int, weekday: int) -> str:
    if nth == LAST:
        return _last_weekday(weekday)
    texts = {
        1: gettext("1st %(weekday)s", weekday=_weekday(weekday)),
        2: gettext("2nd %(weekday)s", weekday=_weekday(weekday)),
        3: gettext("3rd %(weekday)s", weekday=_weekday(weekday)),
        4: gettext("4th %(weekday)s", weekday=_weekday(weekday)),
    }
    return texts[nth]


def _weekday(weekday: int) -> str:
    return (
        gettext("Monday"),
        gettext("Tuesday"),
        gettext("Wednesday"),
        gettext("Thursday"),
        gettext("Friday"),
        gettext("Saturday"),
        gettext("Sunday"),
    )[weekday]


def _last_weekday(weekday: int) -> str:
    # Whole, since the word for 'last' follows the gender of the day in other languages.
    return (
        gettext("last Monday"),
        gettext("last Tuesday"),
        gettext("last Wednesday"),
        gettext("last Thursday"),
        gettext("last Friday"),
        gettext("last Saturday"),
        gettext("last Sunday"),
    )[weekday]
