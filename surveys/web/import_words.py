"""The import of contacts in words: fields, states of columns, what is missing, why a row is bad.

The sentences of `surveys/contact_file` are marked there and translated here.
"""

from collections.abc import Sequence

from surveys.contact_checks import CheckedColumn, ImportCheck
from surveys.contact_file import (
    ATTRIBUTE,
    ATTRIBUTE_PREFIX,
    SKIP,
    UNDECIDED,
    ColumnState,
    ContactField,
    Encoding,
    RowError,
    Separator,
    error_text,
)
from surveys.i18n import gettext, ngettext


def field_names() -> dict[str, str]:
    """Every field that a column can be, with its name on the page, in the order of a list."""
    return {
        ContactField.EMAIL.value: gettext("Email address"),
        ContactField.FIRST_NAME.value: gettext("First name"),
        ContactField.LAST_NAME.value: gettext("Last name"),
        ContactField.FULL_NAME.value: gettext("First and last name"),
        ContactField.PARTNER_NAME.value: gettext("Company"),
        ContactField.PARTNER_EXTERNAL_ID.value: gettext("Company identifier"),
        ContactField.PARTNER_TYPE.value: gettext("Partner type"),
        ContactField.TIER.value: gettext("Tier"),
        ContactField.REGION.value: gettext("Region"),
        ContactField.COUNTRY.value: gettext("Country"),
        ContactField.SIZE_BAND.value: gettext("Company size"),
        ContactField.REVENUE_BAND.value: gettext("Revenue class"),
        ContactField.ACCOUNT_MANAGER_EMAIL.value: gettext("Account manager’s email"),
        ContactField.LANGUAGE.value: gettext("Language"),
        ContactField.TIMEZONE.value: gettext("Time zone"),
        ContactField.ROLE.value: gettext("Role"),
        ContactField.JOB_TITLE.value: gettext("Job title"),
        ContactField.EXTERNAL_ID.value: gettext("Person’s identifier"),
        ContactField.AUDIENCE.value: gettext("Audience"),
        ContactField.TEAM.value: gettext("Team"),
        ContactField.EMAIL_STATUS.value: gettext("State of the address"),
        ContactField.CONSENT_BASIS.value: gettext("Basis of consent"),
        ContactField.DO_NOT_SURVEY_UNTIL.value: gettext("Do not survey until"),
    }


def target_choices(column: CheckedColumn) -> list[tuple[str, str]]:
    """What a person can choose for a column."""
    undecided = [(UNDECIDED, gettext("Choose…"))] if column.target == UNDECIDED else []
    name = column.target.removeprefix(ATTRIBUTE_PREFIX)
    attribute = (
        (column.target, gettext("Attribute “%(name)s”", name=name))
        if column.target.startswith(ATTRIBUTE_PREFIX)
        else (ATTRIBUTE, gettext("Keep as an attribute"))
    )
    return [*undecided, *field_names().items(), attribute, (SKIP, gettext("Do not import"))]


def state_word(state: ColumnState) -> str:
    """How far the matching of a column is."""
    return {
        ColumnState.MATCHED: gettext("Matched"),
        ColumnState.ATTRIBUTE: gettext("Attribute"),
        ColumnState.SKIPPED: gettext("Skipped"),
        ColumnState.NEEDS_CHOICE: gettext("Needs a choice"),
        ColumnState.REPEATED: gettext("Chosen twice"),
    }[state]


def file_words(check: ImportCheck) -> str:
    """How the file was read: 'UTF-8, separated by semicolons'."""
    encoding = Encoding(check.encoding).label
    return {
        Separator.COMMA: gettext("%(encoding)s, separated by commas", encoding=encoding),
        Separator.SEMICOLON: gettext("%(encoding)s, separated by semicolons", encoding=encoding),
        Separator.TAB: gettext("%(encoding)s, separated by tabs", encoding=encoding),
    }[check.separator]


def encoding_choices() -> list[tuple[str, str]]:
    """The encodings as a list offers them."""
    return [(encoding.value, encoding.label) for encoding in Encoding]


def language_choices() -> list[tuple[str, str]]:
    """The languages of people as a list offers them."""
    return [("pl", gettext("Polish")), ("en", gettext("English"))]


def separator_choices() -> list[tuple[str, str]]:
    """The separators as a list offers them."""
    return [
        (Separator.COMMA.value, gettext("Comma")),
        (Separator.SEMICOLON.value, gettext("Semicolon")),
        (Separator.TAB.value, gettext("Tab")),
    ]


def match_words(check: ImportCheck) -> str:
    """How many columns were matched, and what is still to be chosen."""
    n_matched = sum(column.state is ColumnState.MATCHED for column in check.columns)
    matched = ngettext(
        "%(matched)s of %(num)d column is matched.",
        "%(matched)s of %(num)d columns are matched.",
        len(check.columns),
        matched=n_matched,
    )
    return " ".join(filter(None, (matched, open_words(check.open_columns))))


def open_words(columns: Sequence[CheckedColumn]) -> str:
    """What a person must choose; empty where nothing is open."""
    if not columns:
        return ""
    if len(columns) == 1:
        heading = columns[0].heading
        if columns[0].state is ColumnState.REPEATED:
            return gettext(
                "“%(heading)s” has the same field as another column. Choose another, or skip it.",
                heading=heading,
            )
        return gettext("Choose a field for “%(heading)s”, or skip it.", heading=heading)
    return ngettext(
        "Choose a field for %(num)d column, or skip it.",
        "Choose a field for %(num)d columns, or skip them.",
        len(columns),
    )


def missing_words(group: Sequence[str]) -> str:
    """What no column holds and what to do about it."""
    if ContactField.EMAIL in group:
        return gettext("No column holds the email address. Choose it in the table.")
    return gettext(
        "No column holds the company. Choose it in the table. A file of only your own team needs a"
        " column “audience” with the word “internal” instead."
    )


def why_not_ready(check: ImportCheck) -> str:
    """Why the file cannot be imported as it is; empty when it can."""
    if check.missing:
        return missing_words(check.missing[0])
    if check.open_columns:
        return open_words(check.open_columns)
    return "" if check.counts.n_good else gettext("No row can be imported.")


def what_to_fix(error: RowError) -> str:
    """The sentence for one thing that is wrong with a row, in the language of the page."""
    return error_text(error, translate=gettext)
