"""Between which hours of their readers the mails of a survey leave. Pure.

What a schedule keeps of it is {"from_hour": 8, "until_hour": 17, "weekends": false}, or nothing
where mails leave at any hour. How it is kept to is in surveys/mail/quiet_hours.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class SendingHours:
    """Mails leave from one full hour (0 to 23) until before another (1 to 24), local time."""

    from_hour: int = 0
    until_hour: int = DAY_HOURS
    weekends: bool = True

    @property
    def is_in_order(self) -> bool:
        """Whether there is any hour at which mails leave."""
        return 0 <= self.from_hour < self.until_hour <= DAY_HOURS

    def to_json(self) -> dict[str, Any]:
        """As a schedule keeps it; empty where mails leave at any hour."""
        if self == ANY_HOUR:
            return {}
        return {
            "from_hour": self.from_hour,
            "until_hour": self.until_hour,
            "weekends": self.weekends,
        }


def sending_hours(stored: Mapping[str, Any] | None) -> SendingHours:
    """What a schedule keeps, read back."""
    if not stored:
        return ANY_HOUR
    return SendingHours(
        from_hour=stored.get("from_hour", 0),
        until_hour=stored.get("until_hour", DAY_HOURS),
        weekends=stored.get("weekends", False),
    )


ANY_HOUR = SendingHours()
#: What a first schedule proposes; reader's time, Monday to Friday.
WORKING_HOURS = SendingHours(8, 17, weekends=False)
