"""Forms of waves and schedules: they check shape; what a value means is checked by operations."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from wtforms import DateField, HiddenField, IntegerField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import TextInput

from surveys.follow_ups import FollowUps, results_choices
from surveys.i18n import gettext, ngettext
from surveys.pools import MAX_POOLED_WAVES
from surveys.recurrence import Frequency
from surveys.schedules import (
    MAX_GRACE_HOURS,
    MAX_OPEN_DAYS,
    MIN_OPEN_DAYS,
    Reminders,
    ScheduleWish,
)
from surveys.sending_hours import (
    DAY_HOURS,
    MOST_BLACKOUT_DATES,
    MOST_SPREAD_DAYS,
    SendingHours,
)
from surveys.terms import Audience, MailKind, Mode, ResultsTo
from surveys.web.forms import BaseForm

BY_DATE, BY_WEEKDAY = "date", "weekday"
YES, NO = "yes", "no"
FROM_HOURS = tuple(str(hour) for hour in range(DAY_HOURS))
UNTIL_HOURS = tuple(str(hour) for hour in range(1, DAY_HOURS + 1))
WEEKENDS_AND_HOLIDAYS, WEEKENDS, NO_DAYS_OFF = DAYS_OFF = ("holidays", "weekends", "none")
SPREADS = tuple(str(days) for days in range(1, MOST_SPREAD_DAYS + 1))
POOL_SIZES = tuple(str(size) for size in range(1, MAX_POOLED_WAVES + 1))
FREQUENCIES = (Frequency.ONCE, Frequency.MONTHLY, Frequency.QUARTERLY, Frequency.YEARLY)


class WholeNumberField(IntegerField):
    """A whole number as plain text, so that what was typed is shown again when it is none."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read digits; raises ValueError with our own words."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("Enter a whole number.")) from error


class DayField(DateField):
    """A date."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read a date; raises ValueError with our own words."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("Enter a date.")) from error


class WallTimeField(TimeField):
    """A time of the day."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read a time; raises ValueError with our own words."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("Enter a time, for example 09:00.")) from error


class DaysField(TextAreaField):
    """Dates in a text area, one a line; `data` is the text, `days` what it says, in order."""

    days: tuple[date, ...] = ()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the dates; raises ValueError that names the one that is none."""
        super().process_formdata(valuelist)
        words = re.split(r"[\s,;]+", self.data or "")
        days = {_day(word) for word in words if word}
        if len(days) > MOST_BLACKOUT_DATES:
            raise ValueError(gettext("Use at most %(most)s dates.", most=MOST_BLACKOUT_DATES))
        self.days = tuple(sorted(days))


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise ValueError(
            gettext("“%(word)s” is not a date. Write it like 2027-05-04.", word=word)
        ) from error


class Filled(InputRequired):
    """InputRequired in the language of the page at the time of the check."""

    def __call__(self, form: Any, field: Any) -> None:
        """Raises StopValidation when nothing was entered."""
        self.message = gettext("Fill this in.")
        super().__call__(form, field)


class OneOf:
    """Only a value of this list; a page draws the list with its words."""

    def __init__(self, values: Sequence[str]) -> None:
        self._values = frozenset(values)

    def __call__(self, form: Any, field: Any) -> None:
        """Raises ValidationError for anything else."""
        if field.data not in self._values:
            raise ValidationError(gettext("Choose one of the list."))


class ScheduleForm(BaseForm):
    """When a survey's waves open, how long they stay open, and who is reminded."""

    frequency = StringField(validators=[OneOf(FREQUENCIES)])
    day_by = StringField(validators=[OneOf((BY_WEEKDAY, BY_DATE))])
    starts_on = DayField(validators=[Filled()])
    local_time = WallTimeField(validators=[Filled()])
    open_days = WholeNumberField(validators=[Filled()])
    grace_hours = WholeNumberField(validators=[Filled()])
    reminders = StringField(validators=[OneOf(tuple(Reminders))])
    pooled_waves = StringField(default="1", validators=[OneOf(POOL_SIZES)])
    sending_from = StringField(default=FROM_HOURS[0], validators=[OneOf(FROM_HOURS)])
    sending_until = StringField(default=UNTIL_HOURS[-1], validators=[OneOf(UNTIL_HOURS)])
    days_off = StringField(default=NO_DAYS_OFF, validators=[OneOf(DAYS_OFF)])
    blackout = DaysField()
    spread_days = StringField(default="1", validators=[OneOf(SPREADS)])
    thanks = StringField(default=NO, validators=[OneOf((YES, NO))])
    results_to = StringField(
        default=ResultsTo.PARTICIPANTS.value, validators=[OneOf(tuple(ResultsTo))]
    )

    def wish(self) -> ScheduleWish:
        """What was chosen; only after validation."""
        assert self.starts_on.data is not None
        assert self.local_time.data is not None
        return ScheduleWish(
            frequency=Frequency(str(self.frequency.data)),
            is_by_weekday=self.day_by.data == BY_WEEKDAY,
            starts_on=self.starts_on.data,
            local_time=self.local_time.data,
            open_days=int(self.open_days.data or 0),
            grace_hours=int(self.grace_hours.data or 0),
            reminders=Reminders(str(self.reminders.data)),
            pooled_waves=int(str(self.pooled_waves.data)),
            sending=SendingHours(
                int(str(self.sending_from.data)),
                int(str(self.sending_until.data)),
                weekends=self.days_off.data == NO_DAYS_OFF,
                holidays=self.days_off.data == WEEKENDS_AND_HOLIDAYS,
                blackout=self.blackout.days,
                spread_days=int(str(self.spread_days.data)),
            ),
        )

    def follow_ups(self) -> FollowUps:
        """What the survey shall mail afterwards; only after validation."""
        return FollowUps(
            thanks=self.thanks.data == YES, results_to=ResultsTo(str(self.results_to.data))
        )

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Show at their fields what an operation refused."""
        for name, reason in problems.items():
            self[name].errors = [schedule_problem(name, reason)]


class ExtendForm(BaseForm):
    """The new last day of a wave."""

    closes_on = DayField(validators=[Filled()])


class RemindForm(BaseForm):
    """The kinds of reminder that the person saw when agreeing, by audience."""

    partner = HiddenField()
    internal = HiddenField()

    def kind_for(self, audience: Audience) -> MailKind | None:
        """What was agreed to for this audience."""
        value = self[audience.value].data
        return MailKind(value) if value in set(MailKind) else None


def form_values(wish: ScheduleWish, chosen: FollowUps) -> dict[str, object]:
    """A wish, and what a survey mails afterwards, as the form's data."""
    return {
        "frequency": wish.frequency.value,
        "day_by": BY_WEEKDAY if wish.is_by_weekday else BY_DATE,
        "starts_on": wish.starts_on,
        "local_time": wish.local_time,
        "open_days": wish.open_days,
        "grace_hours": wish.grace_hours,
        "reminders": wish.reminders.value,
        "pooled_waves": str(wish.pooled_waves),
        "sending_from": str(wish.sending.from_hour),
        "sending_until": str(wish.sending.until_hour),
        "days_off": _days_off(wish.sending),
        "blackout": "\n".join(day.isoformat() for day in wish.sending.blackout),
        "spread_days": str(wish.sending.spread_days),
        "thanks": YES if chosen.thanks else NO,
        "results_to": chosen.results_to.value,
    }


def choice_names(mode: Mode) -> dict[str, dict[str, str]]:
    """What each choice of the schedule means, by field and value; `mode` is the survey's."""
    return {
        "frequency": {
            Frequency.ONCE.value: gettext("Once"),
            Frequency.MONTHLY.value: gettext("Every month"),
            Frequency.QUARTERLY.value: gettext("Every quarter"),
            Frequency.YEARLY.value: gettext("Every year"),
        },
        "day_by": {
            BY_WEEKDAY: gettext("By weekday, e.g. 2nd Monday"),
            BY_DATE: gettext("By date, e.g. the 8th"),
        },
        "reminders": {
            Reminders.NONE.value: gettext("None"),
            Reminders.FIRST.value: gettext("1: on day 4"),
            Reminders.BOTH.value: gettext("2: on day 4 and 2 days before the close"),
        },
        "pooled_waves": {size: _pool_name(int(size)) for size in POOL_SIZES},
        "sending_from": {hour: _clock(hour) for hour in FROM_HOURS},
        "sending_until": {hour: _clock(hour) for hour in UNTIL_HOURS},
        "days_off": {
            WEEKENDS_AND_HOLIDAYS: gettext("Not on weekends and public holidays"),
            WEEKENDS: gettext("Not on weekends"),
            NO_DAYS_OFF: gettext("On any day"),
        },
        "spread_days": {size: _spread_name(int(size)) for size in SPREADS},
        "thanks": {NO: gettext("None"), YES: gettext("To everyone who answered")},
        "results_to": {each.value: _results_name(each) for each in results_choices(mode)},
    }


def _days_off(sending: SendingHours) -> str:
    if sending.holidays:
        return WEEKENDS_AND_HOLIDAYS
    return NO_DAYS_OFF if sending.weekends else WEEKENDS


def _spread_name(days: int) -> str:
    if days == 1:
        return gettext("All on the first day")
    return ngettext("Over %(num)s day", "Over %(num)s days", days)


def _clock(hour: str) -> str:
    return f"{int(hour):02}:00"


def _results_name(results_to: ResultsTo) -> str:
    return {
        ResultsTo.NOBODY: gettext("To nobody"),
        ResultsTo.PARTICIPANTS: gettext("To partners who answered"),
        ResultsTo.INVITED: gettext("To all partners who were asked"),
    }[results_to]


def _pool_name(size: int) -> str:
    if size == 1:
        return gettext("After every wave")
    return ngettext("Every %(num)s wave together", "Every %(num)s waves together", size)


def schedule_problem(name: str, reason: str) -> str:
    """Why a schedule is refused, and what to do."""
    if name == "grace_hours":
        return gettext("Use 0 to %(most)s hours.", most=MAX_GRACE_HOURS)
    if name == "pooled_waves":
        return _pool_problem(reason)
    if name == "sending_until":
        return gettext("Choose a later hour than the first.")
    if name == "starts_on":
        return gettext("No wave would open after today. Choose a later date.")
    if reason == "overlaps_next":
        return gettext("The next wave would find this one still open. Use fewer days.")
    return gettext(
        "Use %(least)s to %(most)s days, so that everyone has a full working week.",
        least=MIN_OPEN_DAYS,
        most=MAX_OPEN_DAYS,
    )


def _pool_problem(reason: str) -> str:
    texts = {
        "anonymous": gettext(
            "Waves of an anonymous survey cannot be published together: nobody can tell whether"
            " two answers come from one person, so nobody could be counted once."
        ),
        "identified": gettext(
            "Answers of an identified survey are shown at once, so there is nothing to publish"
            " together."
        ),
        "once": gettext("There is only one wave. Choose how often it repeats."),
    }
    return texts.get(reason, gettext("Choose one of the list."))


def extension_problem(reason: str) -> str:
    """Why a wave cannot be extended to this day."""
    texts = {
        "not_later": gettext("Choose a day after the present closing day."),
        "too_far": gettext("Choose a day within the next 90 days."),
        "overlaps_next": gettext(
            "The next scheduled wave would find this one still open. Choose an earlier day."
        ),
    }
    return texts.get(reason, reason)
