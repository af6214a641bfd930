"""What the question bank consists of: drivers, questions, scales, page texts, mails, templates.

Plain frozen values. How they are read from the data files is in `loading.py`, what makes them valid
in `version_check.py`. A `Text` maps a locale to a text and may hold the placeholder `{v}` (in mails
`{vendor}`), the vendor's name exactly as stored; `placeholders.fill` puts it in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from surveys.terms import Audience, MailKind, Mode, QuestionKind, QuestionType

LOCALES = ("en", "pl")

Text = Mapping[str, str]
Found = TypeVar("Found")


class UnknownCode(LookupError):
    """The bank has nothing of this kind under this code; attributes `kind` and `code`."""

    def __init__(self, kind: str, code: str) -> None:
        super().__init__(f"the question bank has no {kind} {code!r}")
        self.kind = kind
        self.code = code


class Route(StrEnum):
    """Where an answer leads: on, on with recommend and comment only, or to the thanks page."""

    CONTINUE = "continue"
    SHORT = "short"
    END = "end"


class Unit(StrEnum):
    """How the numbers of `share11` are read: a share of people, or points of a score."""

    PERCENT = "percent"
    POINTS = "points"


class ItemRule(StrEnum):
    """When an item of a template is left out.

    PROFILE_DUE: asked only when the contact record has no answer or one over 12 months old.
    IDENTIFIED_ONLY: stands in the survey in identified mode only.
    ROTATION: asked in the waves that the template's rotation names.
    """

    PROFILE_DUE = "profile_due"
    IDENTIFIED_ONLY = "identified_only"
    ROTATION = "rotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """What the comment field under a rating asks, by the rating given; one language."""

    low: str
    middle: str
    high: str

    def for_value(self, value: int | None) -> str:
        """Prompt for an agreement of 1..5; None (no answer yet, or don't know) asks neutrally."""
        if value is None or value == 3:
            return self.middle
        return self.low if value < 3 else self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One principle of a good partner programme.

    `name` is for dashboards: respondents never see it. `covers` completes "asks whether ...", in
    English, for the documentation. `importance` is what respondents weigh.
    """

    code: str
    position: int
    name: Text
    covers: str
    importance: Text
    prompt_low: Text
    prompt_high: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One listed answer. `value` is stored and never changes its meaning."""

    value: int
    text: Text
    route: Route = Route.CONTINUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A question as it is put to one audience.

    `heading` stands once above neighbours that share it (it opens a mirrored statement). `answers`
    are listed for the types one and many only, `prompts` (by locale) for statements, `unit` for
    shares.
    """

    audience: Audience
    type: QuestionType
    text: Text
    allows_unknown: bool
    heading: Text | None = None
    answers: tuple[Answer, ...] = ()
    prompts: Mapping[str, Prompts] | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankQuestion:
    """A question under its locked code.

    `confirmed` maps the code of a warning to the reason for which a person let it stand.
    """

    code: str
    kind: QuestionKind
    driver: str | None
    wordings: Mapping[Audience, Wording]
    confirmed: Mapping[str, str]

    @property
    def comment_code(self) -> str:
        """Name of the comment under the rating, in exports."""
        return f"{self.code}_why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Stored values of a type and their labels by locale: every step, or the two ends only."""

    type: QuestionType
    values: tuple[int, ...]
    allows_unknown: bool
    labels: Mapping[str, tuple[str, ...]]

    @property
    def has_ends_only(self) -> bool:
        return any(len(labels) != len(self.values) for labels in self.labels.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidentialityPromise:
    """What is promised before the first question; `segments` is added when a profile is stored."""

    audience: Audience
    mode: Mode
    text: Text
    segments: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What partners are told about the quiet-exit radar, after the promise."""

    watched: Text
    answers_unused: Text
    answers_used: Text
    only_contact: Text

    def text(self, locale: str, *, mode: Mode, is_only_contact: bool = False) -> str:
        """The disclosure as one paragraph; `{v}` is still in it."""
        used = self.answers_used if mode is Mode.IDENTIFIED else self.answers_unused
        sentences = [self.watched[locale], used[locale]]
        if is_only_contact:
            sentences.append(self.only_contact[locale])
        return " ".join(sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTexts:
    """The fixed texts around the questions.

    `contact_apart` and `contact_topic` stand on the thanks page of the confidential and anonymous
    modes; `contact_topic` also under the tick box `contact` of identified surveys.
    `name_my_company` stands under a comment, not in anonymous mode.
    """

    statement_heading: Mapping[Audience, Text]
    sections: Mapping[str, Text]
    unknown: Text
    text_hint: Text
    middle_prompt: Text
    internal_prompt: Text
    name_my_company: Text
    contact_apart: Text
    contact_topic: Text
    promises: tuple[ConfidentialityPromise, ...]
    disclosure: Disclosure

    def promise(
        self, audience: Audience, mode: Mode, *, locale: str, with_segments: bool = False
    ) -> str:
        """The promise as one paragraph, placeholders still in it.

        `with_segments`: a profile is stored with anonymous answers. Staff are asked in confidential
        mode only. Raises UnknownCode where nothing is promised.
        """
        found = self._promise(audience, mode)
        if with_segments and found.segments is not None:
            return f"{found.text[locale]} {found.segments[locale]}"
        return found.text[locale]

    def _promise(self, audience: Audience, mode: Mode) -> ConfidentialityPromise:
        for promise in self.promises:
            if promise.audience == audience and promise.mode == mode:
                return promise
        raise UnknownCode("promise", f"{audience} {mode}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPart:
    """Some sentences of a mail, left out in the modes named and where what they need is lacking.

    `needs`: "change" (answers can still be changed) or "results" (they will be mailed to this
    reader).
    """

    text: str
    not_in: frozenset[Mode] = frozenset()
    needs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """One mail in one language, between greeting and signature; placeholders still in it."""

    kind: MailKind
    locale: str
    subject: str
    paragraphs: tuple[tuple[MailPart, ...], ...]
    has_unsubscribe: bool

    def body(self, mode: Mode, *, lacking: Collection[str] = ()) -> str:
        """The paragraphs that stand in this mode, an empty line between them.

        Without the sentences that need something of what is lacking.
        """
        kept = (
            " ".join(
                part.text
                for part in paragraph
                if mode not in part.not_in and part.needs not in lacking
            )
            for paragraph in self.paragraphs
        )
        return "\n\n".join(paragraph for paragraph in kept if paragraph)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What stands around the body of every mail. Polish greets without a name (no vocative)."""

    greeting: Text
    greeting_without_name: Text
    signature: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a respondent may be asked to bear; None: no limit of this kind."""

    items: int | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateItem:
    """One question at its place; `section` is a key of `PageTexts.sections`."""

    question: str
    audience: Audience
    position: int
    section: str | None
    rule: ItemRule | None
    has_comment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationWave:
    """The drivers of one wave of a cycle, and what fills its slot (see `rotation.py`)."""

    key: str
    drivers: tuple[str, ...]
    outcome: str | None
    has_follow_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The waves of one cycle in order; the drivers of a group in `apart` never share a wave."""

    waves: tuple[RotationWave, ...]
    apart: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A questionnaire that is ready to send, for both audiences."""

    key: str
    name: Text
    limits: Limits
    items: tuple[TemplateItem, ...]
    rotation: Rotation | None

    def items_for(self, audience: Audience) -> tuple[TemplateItem, ...]:
        """The items of one audience, in order."""
        return tuple(item for item in self.items if item.audience == audience)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionItem:
    """One question of a questionnaire as one audience reads it: what the checks look at.

    Made from a template by `versions.version_items`, or from stored rows by whoever has them.
    `position` orders the items of one audience. `texts` and `headings` by locale; `answers` by
    locale, in stored order, for the types one and many. `confirmed` maps the code of a warning to
    a person's reason for letting it stand.
    """

    question: str
    driver: str | None
    kind: QuestionKind
    position: int
    audience: Audience
    type: QuestionType
    texts: Mapping[str, str]
    headings: Mapping[str, str] | None = None
    answers: Mapping[str, Sequence[str]] | None = None
    confirmed: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """Everything that the data files hold, in their order."""

    drivers: tuple[Driver, ...]
    questions: tuple[BankQuestion, ...]
    scales: Mapping[QuestionType, Scale]
    page: PageTexts
    letter: Letter
    mails: tuple[MailText, ...]
    templates: tuple[Template, ...]

    def driver(self, code: str) -> Driver:
        """The driver under this code; raises UnknownCode."""
        return _found("driver", code, (d for d in self.drivers if d.code == code))

    def question(self, code: str) -> BankQuestion:
        """The question under this code; raises UnknownCode."""
        return _found("question", code, (q for q in self.questions if q.code == code))

    def template(self, key: str) -> Template:
        """The template under this key; raises UnknownCode."""
        return _found("template", key, (t for t in self.templates if t.key == key))

    def mail(self, kind: MailKind, *, locale: str) -> MailText:
        """The mail of this kind in this language; raises UnknownCode."""
        wanted = (m for m in self.mails if m.kind == kind and m.locale == locale)
        return _found("mail", f"{kind} {locale}", wanted)


def _found(kind: str, code: str, candidates: Iterable[Found]) -> Found:
    for candidate in candidates:
        return candidate
    raise UnknownCode(kind, code)
