"""A simulated workspace with planted truth, for the demo, the tests and the benchmarks.

The only door of the package: `build` makes a whole workspace, `identified_sample` the small
survey with names beside it, `latest_responses` what people would say after all waves, and
everything else that callers need is exported here. Standard library only, nothing of the project: a
loader elsewhere writes the rows into a database.

The same seed gives the same bytes on every machine and Python version.
Source: method of the simulator.
"""

from analysis.simulator.comments import Block, comment_blocks
from analysis.simulator.identified import IdentifiedSample, identified_sample
from analysis.simulator.latest import latest_responses, latest_staff_responses
from analysis.simulator.memory import many_rows
from analysis.simulator.moments import MAIL_MINUTE
from analysis.simulator.names import is_denied
from analysis.simulator.rows import (
    DRIVERS,
    PRODUCT_LINES,
    QUESTIONS,
    Action,
    Comment,
    Contact,
    Invitation,
    Language,
    Mention,
    Order,
    Partner,
    Response,
    StaffMember,
    Wave,
    WaveRun,
)
from analysis.simulator.truth import (
    Counts,
    LookAlike,
    PlantedAction,
    PlantedComment,
    PlantedCompany,
    PlantedRecommendation,
    PlantedScore,
    Truth,
    WaveCounts,
)
from analysis.simulator.workspace import Workspace, build
from analysis.simulator.worlds import DEFAULT_UNTIL, SIZES, WORLDS

__all__ = [
    "DEFAULT_UNTIL",
    "DRIVERS",
    "MAIL_MINUTE",
    "PRODUCT_LINES",
    "QUESTIONS",
    "SIZES",
    "WORLDS",
    "Action",
    "Block",
    "Comment",
    "Contact",
    "Counts",
    "IdentifiedSample",
    "Invitation",
    "Language",
    "LookAlike",
    "Mention",
    "Order",
    "Partner",
    "PlantedAction",
    "PlantedComment",
    "PlantedCompany",
    "PlantedRecommendation",
    "PlantedScore",
    "Response",
    "StaffMember",
    "Truth",
    "Wave",
    "WaveCounts",
    "WaveRun",
    "Workspace",
    "build",
    "comment_blocks",
    "identified_sample",
    "is_denied",
    "latest_responses",
    "latest_staff_responses",
    "many_rows",
]
