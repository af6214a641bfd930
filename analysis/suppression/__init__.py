"""What may be shown: the one engine between answers and everything a manager can see.

A leaf: it knows people as bits, companies, segments and sums of answers, but no database, page or
language. Whoever publishes calls, in this order:

1. `build_frame` for the wave (and, on the same `People`, for its predecessors),
2. `publish_wave` for the rows of the wave, once,
3. `publish_question` for each question and audience, then `publish_shares`,
4. `publish_comments` for the lists of comments.

`check_exposure` answers before the launch what would be shown, `coarse_profiles` what an anonymous
wave may store. All are pure and deterministic, whatever the order of people.

The rules, from the inside: `policy` (thresholds), `people` (sets of people), `rows` (values that
pass), `primary` (one group), `views` (sums and differences of three), `linear` (any combination),
`wave_guard` (other waves), `unanimity` (what everybody said), `rollup`, `hiding`.
Import from here only. Source: docs/method: confidentiality.
"""

from analysis.suppression.comments import CommentLists, Pool, comment_rank, publish_comments
from analysis.suppression.exposure import N_DRAWS, RATES_PCT, RowExposure, check_exposure
from analysis.suppression.people import (
    Dimension,
    Frame,
    Participant,
    People,
    Value,
    build_frame,
)
from analysis.suppression.policy import Policy, for_comments, for_staff
from analysis.suppression.question import (
    COARSE_STEP,
    Answers,
    anonymous_answers,
    coarse,
    publish_question,
)
from analysis.suppression.rollup import coarse_profiles, publish_wave
from analysis.suppression.rows import (
    TOTAL,
    Code,
    PublishedRows,
    Reason,
    Row,
    RowKey,
    State,
    Term,
    Verdict,
)
from analysis.suppression.shares import (
    Share,
    may_show_correlation,
    may_show_histogram,
    publish_shares,
    sure_companies,
)
from analysis.suppression.unanimity import Sums
from analysis.suppression.wave_guard import Earlier, earlier_wave

__all__ = [
    "COARSE_STEP",
    "N_DRAWS",
    "RATES_PCT",
    "TOTAL",
    "Answers",
    "Code",
    "CommentLists",
    "Dimension",
    "Earlier",
    "Frame",
    "Participant",
    "People",
    "Policy",
    "Pool",
    "PublishedRows",
    "Reason",
    "Row",
    "RowExposure",
    "RowKey",
    "Share",
    "State",
    "Sums",
    "Term",
    "Value",
    "Verdict",
    "anonymous_answers",
    "build_frame",
    "check_exposure",
    "coarse",
    "coarse_profiles",
    "comment_rank",
    "earlier_wave",
    "for_comments",
    "for_staff",
    "may_show_correlation",
    "may_show_histogram",
    "publish_comments",
    "publish_question",
    "publish_shares",
    "publish_wave",
    "sure_companies",
]
