"""What can be wrong with a questionnaire, as typed values that a page or a command can say.

A problem is data, not an exception: a check returns all of them at once. `Problem.message` is a
gettext message with named placeholders, in English, which the edges translate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from surveys.terms import Audience


class ProblemCode(StrEnum):
    """Each rule that a questionnaire can break."""

    NO_QUESTIONS = "no_questions"
    MISSING_MIRROR = "missing_mirror"
    ORPHAN_MIRROR = "orphan_mirror"
    TYPE_DIFFERS = "type_differs"
    MIRROR_ORDER = "mirror_order"
    MISSING_TEXT = "missing_text"
    MISSING_ANSWERS = "missing_answers"
    PLACEHOLDERS_DIFFER = "placeholders_differ"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    TOO_MANY_WORDS = "too_many_words"
    SEVERAL_CLAIMS = "several_claims"
    INFLECTED_VENDOR = "inflected_vendor"
    GENDERED_VENDOR = "gendered_vendor"
    FAMILIAR_ADDRESS = "familiar_address"
    BARE_POSSESSIVE = "bare_possessive"
    WRONG_ORDER = "wrong_order"
    ASKED_TWICE = "asked_twice"
    DRIVER_NOT_ASKED = "driver_not_asked"
    DRIVERS_SHARE_WAVE = "drivers_share_wave"
    TOO_MANY_ITEMS = "too_many_items"
    TOO_MANY_MINUTES = "too_many_minutes"
    RULE_UNREADABLE = "rule_unreadable"
    RULE_UNKNOWN = "rule_unknown"
    RULE_LATER = "rule_later"
    RULE_NO_VALUE = "rule_no_value"
    RULE_NEVER = "rule_never"


CONFIRMABLE = frozenset({ProblemCode.SEVERAL_CLAIMS})
#: What a template must keep to, and what whoever edits a questionnaire is told but may decide.
ADVICE = frozenset(
    {
        ProblemCode.WRONG_ORDER,
        ProblemCode.DRIVER_NOT_ASKED,
        ProblemCode.TOO_MANY_ITEMS,
        ProblemCode.TOO_MANY_MINUTES,
    }
)


def N_(message: str) -> str:  # noqa: N802 - the name by which catalogues find messages
    """Marks a message for the translation catalogue without translating it."""
    return message


_MISSING_TEXT = MappingProxyType(
    {
        (Audience.PARTNER, "en"): N_("Question %(question)s lacks English for partners."),
        (Audience.PARTNER, "pl"): N_("Question %(question)s lacks Polish for partners."),
        (Audience.INTERNAL, "en"): N_("Question %(question)s lacks English for staff."),
        (Audience.INTERNAL, "pl"): N_("Question %(question)s lacks Polish for staff."),
    }
)

_MESSAGES = MappingProxyType(
    {
        ProblemCode.NO_QUESTIONS: N_("The questionnaire for partners has no questions."),
        ProblemCode.MISSING_MIRROR: N_("Question %(question)s lacks its mirror."),
        ProblemCode.ORPHAN_MIRROR: N_(
            "Question %(question)s is asked of staff but not of partners."
        ),
        ProblemCode.TYPE_DIFFERS: N_(
            "Question %(question)s is answered in different ways: %(partner)s by partners, "
            "%(internal)s by staff."
        ),
        ProblemCode.MIRROR_ORDER: N_(
            "From question %(question)s on, staff are asked in another order than partners."
        ),
        ProblemCode.MISSING_TEXT: N_("Question %(question)s lacks its text in '%(locale)s'."),
        ProblemCode.MISSING_ANSWERS: N_(
            "The answers of question %(question)s are not complete in all languages."
        ),
        ProblemCode.PLACEHOLDERS_DIFFER: N_(
            "The languages of question %(question)s differ in their placeholders: %(placeholders)s."
        ),
        ProblemCode.UNKNOWN_PLACEHOLDER: N_(
            "Question %(question)s has the unknown placeholder %(placeholder)s."
        ),
        ProblemCode.TOO_MANY_WORDS: N_(
            "Words in question %(question)s: %(count)s; the limit is %(limit)s."
        ),
        ProblemCode.SEVERAL_CLAIMS: N_(
            "Question %(question)s may make two claims: '%(found)s'. Confirm with a reason, or "
            "split it."
        ),
        ProblemCode.INFLECTED_VENDOR: N_(
            "In question %(question)s the vendor's name would need a case: '%(found)s'."
        ),
        ProblemCode.GENDERED_VENDOR: N_(
            "Question %(question)s gives the vendor's name a gender: '%(found)s'."
        ),
        ProblemCode.FAMILIAR_ADDRESS: N_(
            "Question %(question)s does not keep to the polite form: '%(found)s'."
        ),
        ProblemCode.BARE_POSSESSIVE: N_(
            "In question %(question)s the vendor's name needs 's: '%(found)s'."
        ),
        ProblemCode.WRONG_ORDER: N_("Question %(question)s must stand before %(before)s."),
        ProblemCode.ASKED_TWICE: N_("Question %(question)s is asked twice in one wave."),
        ProblemCode.DRIVER_NOT_ASKED: N_("No question asks about driver %(driver)s."),
        ProblemCode.DRIVERS_SHARE_WAVE: N_(
            "These drivers must not share a wave: %(drivers)s (wave %(wave)s)."
        ),
        ProblemCode.TOO_MANY_ITEMS: N_("Questions in a wave: %(count)s; the limit is %(limit)s."),
        ProblemCode.TOO_MANY_MINUTES: N_(
            "Minutes needed for a wave: %(count)s; the limit is %(limit)s."
        ),
        ProblemCode.RULE_UNREADABLE: N_(
            "The rule of question %(question)s cannot be read: '%(found)s'."
        ),
        ProblemCode.RULE_UNKNOWN: N_(
            "The rule of question %(question)s looks at '%(found)s', which is not asked."
        ),
        ProblemCode.RULE_LATER: N_(
            "The rule of question %(question)s looks at '%(found)s', which is not asked before it."
        ),
        ProblemCode.RULE_NO_VALUE: N_(
            "The rule of question %(question)s names an answer that is not offered: '%(found)s'."
        ),
        ProblemCode.RULE_NEVER: N_(
            "No answers lead to question %(question)s: '%(found)s' can never be true."
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule; None where a rule is not about one question, language or audience."""

    code: ProblemCode
    question: str | None = None
    locale: str | None = None
    audience: Audience | None = None
    details: tuple[tuple[str, str | int], ...] = ()

    @property
    def can_be_confirmed(self) -> bool:
        """Whether a person may let it stand by giving a reason, instead of mending it."""
        return self.code in CONFIRMABLE

    @property
    def is_advice(self) -> bool:
        """Whether a survey may be published in spite of it; a template may not."""
        return self.code in ADVICE

    @property
    def message(self) -> str:
        """The gettext message, in English, with named placeholders."""
        if self.code is ProblemCode.MISSING_TEXT and self.audience and self.locale:
            return _MISSING_TEXT.get((self.audience, self.locale), _MESSAGES[self.code])
        return _MESSAGES[self.code]

    @property
    def parameters(self) -> Mapping[str, str | int]:
        """Values for the placeholders of `message`."""
        fixed = {"question": self.question or "", "locale": self.locale or ""}
        return {**fixed, **dict(self.details)}

    def __str__(self) -> str:
        """The problem in English."""
        return self.message % self.parameters


def problem(
    code: ProblemCode,
    question: str | None = None,
    *,
    audience: Audience | None = None,
    locale: str | None = None,
    **details: str | int,
) -> Problem:
    """A problem with its details by name."""
    return Problem(
        code=code,
        question=question,
        locale=locale,
        audience=audience,
        details=tuple(details.items()),
    )
