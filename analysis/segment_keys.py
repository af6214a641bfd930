"""How a segment is written in one text: a single value as it is, merged values as a JSON list.

'Other' is named by what it holds, so that two waves' 'Other' are the same exactly when their
members are, and so that a hidden one can still be named.
"""

import json
from collections.abc import Sequence


def segment_key(members: Sequence[str]) -> str:
    """One text for one or several segment values."""
    if len(members) == 1 and not members[0].startswith("["):
        return members[0]
    return json.dumps(sorted(members), ensure_ascii=False)


def members_of(segment: str) -> tuple[str, ...]:
    """The segment values that a stored text stands for."""
    if not segment.startswith("["):
        return (segment,)
    return tuple(json.loads(segment))


def is_other(segment: str) -> bool:
    """Whether a stored text stands for several merged values."""
    return len(members_of(segment)) > 1
