"""The one tree of errors that operations raise; the words for people are in templates.

An error carries its data as attributes. The domain knows no HTTP: `surveys/web/errors.py` maps
classes to statuses and pages, `surveys/cli.py` to one line and exit code 2.
"""


class SurveyError(Exception):
    """Root of everything that can be told to a person."""


class SettingsError(SurveyError):
    """A setting is missing, weak or wrong; the start is refused.

    Attributes: `variable` names the environment variable, `mend` says what to do.
    """

    def __init__(self, variable: str, mend: str) -> None:
        super().__init__(f"{variable}: {mend}")
        self.variable = variable
        self.mend = mend


class NotFound(SurveyError):
    """Nothing of this kind has this id, or this person may not know of it.

    Attributes: `kind` ('wave', 'survey', ...) and `wanted`, as it was asked for.
    """

    def __init__(self, kind: str, wanted: object) -> None:
        super().__init__(f"there is no {kind} {wanted}")
        self.kind = kind
        self.wanted = wanted


class NotAllowed(SurveyError):
    """This person's role does not include this; attribute `needed` names the permission."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"this needs the permission '{needed}'")
        self.needed = needed


class TokenUnknown(SurveyError):
    """No invitation or contact has this link: wrong, truncated, replaced or erased."""


class WaveNotOpen(SurveyError):
    """Answers are not accepted now. Attribute `state`: planned, paused, closed, cancelled."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the wave is {state}")
        self.state = state


class AlreadyAnswered(SurveyError):
    """This link was used and the answers cannot be changed (anonymous mode, or by choice)."""


class NothingAnswered(SurveyError):
    """A response without a single answer or comment."""


class WaveStateError(SurveyError):
    """The wave cannot do that now. Attributes: `state` and `wanted` (close, pause, export...)."""

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"a wave that is {state} cannot {wanted}")
        self.state = state
        self.wanted = wanted


class NothingToAsk(SurveyError):
    """A wave cannot open: attribute `reason` says why.

    One of `no_version` (nothing published), `no_contacts`, `no_sender`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the wave cannot open: {reason}")
        self.reason = reason


class NotConfidential(SurveyError):
    """Rows of single responses exist in identified surveys only. Attribute `kind` of export."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"'{kind}' holds single responses: it exists for identified surveys only,"
            " because partners were promised confidentiality"
        )
        self.kind = kind


class NotPublished(SurveyError):
    """Results appear when the wave has closed and its worker has frozen them."""


class FieldError(SurveyError):
    """One field of a form has a value that cannot be taken. Attributes: `field`, `reason` key."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
