"""The question bank: what is asked, in which words, and the rules that every questionnaire keeps.

The texts are data (`data/*.toml`), read once by `load_bank`; a code never changes its meaning. The
rules work on plain `VersionItem` values, so that they judge a template of the bank and the stored
questionnaire of a survey alike. Knows no tables, no pages and no mail transport.

    bank = load_bank()
    items = version_items(bank, bank.template("quarterly_pulse"))
    problems = check_version(items, limits=bank.template("quarterly_pulse").limits)
"""

from surveys.question_bank.loading import load_bank
from surveys.question_bank.model import (
    LOCALES,
    Answer,
    Bank,
    BankQuestion,
    ConfidentialityPromise,
    Disclosure,
    Driver,
    ItemRule,
    Letter,
    Limits,
    MailPart,
    MailText,
    PageTexts,
    Prompts,
    Rotation,
    RotationWave,
    Route,
    Scale,
    Template,
    TemplateItem,
    Unit,
    UnknownCode,
    VersionItem,
    Wording,
)
from surveys.question_bank.placeholders import PlaceholderWithoutValue, fill, placeholders
from surveys.question_bank.problems import Problem, ProblemCode, problem
from surveys.question_bank.reading_time import (
    Reading,
    count_words,
    minutes,
    reading,
    template_minutes,
)
from surveys.question_bank.rotation import cycle_of, rotation_wave, slot_question
from surveys.question_bank.text_check import text_traps
from surveys.question_bank.version_check import check_version, order_rank
from surveys.question_bank.versions import (
    items_of_wave,
    opens_new_series,
    possible_waves,
    version_item,
    version_items,
)

__all__ = [
    "LOCALES",
    "Answer",
    "Bank",
    "BankQuestion",
    "ConfidentialityPromise",
    "Disclosure",
    "Driver",
    "ItemRule",
    "Letter",
    "Limits",
    "MailPart",
    "MailText",
    "PageTexts",
    "PlaceholderWithoutValue",
    "Problem",
    "ProblemCode",
    "Prompts",
    "Reading",
    "Rotation",
    "RotationWave",
    "Route",
    "Scale",
    "Template",
    "TemplateItem",
    "Unit",
    "UnknownCode",
    "VersionItem",
    "Wording",
    "check_version",
    "count_words",
    "cycle_of",
    "fill",
    "items_of_wave",
    "load_bank",
    "minutes",
    "opens_new_series",
    "order_rank",
    "placeholders",
    "possible_waves",
    "problem",
    "reading",
    "rotation_wave",
    "slot_question",
    "template_minutes",
    "text_traps",
    "version_item",
    "version_items",
]
