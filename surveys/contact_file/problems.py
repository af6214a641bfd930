"""What can be wrong with a file, a row or a cell, as codes; and the English sentences for them.

The reader speaks in codes with parameters. The sentences stand here in English only because that is
the source language of the catalogue: `N_` marks them for extraction, and whoever shows one passes
its own `translate`. No sentence says which column is meant; the error carries the heading.

Suggested Polish for the catalogue:

====================== ===========================================================================
empty                  Plik jest pusty. Potrzebny jest wiersz nagłówków, a pod nim osoby.
too_large              Plik ma %(size)s MB, a może mieć najwyżej %(limit)s MB. Proszę go podzielić.
spreadsheet            To skoroszyt. W arkuszu proszę wybrać „Zapisz jako”, format CSV UTF-8.
binary                 To nie jest plik tekstowy. Proszę zapisać listę jako CSV.
no_header              Pierwszy wiersz nie zawiera nagłówków. Proszę dodać wiersz z nazwami kolumn.
header_broken          W wierszu nagłówków nie domknięto cudzysłowu.
too_many_columns       Plik ma %(found)s kolumn, a może mieć najwyżej %(limit)s.
suggestion             Czy chodziło o %(suggestion)s?
email_missing          Brak adresu e-mail.
email_without_at       W adresie e-mail brakuje znaku @.
email_incomplete       Adres e-mail nie jest pełny.
email_accented         Przed znakiem @ nie mogą stać litery ze znakami diakrytycznymi.
email_reserved         Pod adres zakończony na „.%(ending)s” nie dociera poczta.
email_several          W komórce jest więcej niż jeden adres. Proszę zostawić jeden.
email_invalid          To nie jest poprawny adres e-mail.
same_address_as_row    Ten sam adres co w wierszu %(row)s. Proszę zostawić jeden z nich.
same_external_id_as_row Ten sam identyfikator co w wierszu %(row)s. Każda osoba ma własny.
external_id_of_another Identyfikator należy do innej osoby niż adres. Proszę poprawić jedno z nich.
partner_missing        Brak nazwy firmy. Bez niej mogą być tylko osoby z naszego zespołu.
unknown_audience       Nieznana grupa „%(value)s”. Możliwe wartości: %(allowed)s.
unknown_language       Nieznany język „%(value)s”. Możliwe wartości: %(allowed)s.
unknown_timezone       Nieznana strefa czasowa „%(value)s”. Przykład: Europe/Warsaw.
unknown_country        Nieznany kraj „%(value)s”. Proszę podać kod z dwóch liter, na przykład PL.
unknown_revenue_band   Nieznana klasa przychodu „%(value)s”. Możliwe wartości: %(allowed)s.
unknown_email_status   Nieznany stan adresu „%(value)s”. Możliwe wartości: %(allowed)s.
unknown_choice         Nieznana wartość „%(value)s”. Możliwe wartości: %(allowed)s.
date_unreadable        Nie można odczytać daty „%(value)s”. Przykład: 2027-01-31.
month_missing          Brak miesiąca.
month_unreadable       Nie można odczytać miesiąca „%(value)s”. Przykład: 2027-01.
amount_missing         Brak kwoty.
amount_unreadable      Nie można odczytać kwoty „%(value)s”. Przykład: 1234,50.
amount_ambiguous       „%(value)s” można czytać na dwa sposoby. Przykład zapisu: 1234,00.
order_partner_missing  Brak partnera: potrzebna jest jego nazwa albo identyfikator.
line_break             W komórce jest koniec wiersza. Proszę go usunąć.
control_characters     W komórce są niewidoczne znaki sterujące. Proszę wpisać tekst od nowa.
unreadable_characters  Część liter zgubiono przy zapisie pliku. Proszę wpisać tekst od nowa.
stray_quote            Cudzysłów otwiera komórkę i nigdzie jej nie zamyka.
broken_quotes          Cudzysłowy w tym wierszu są niesparowane, więc nie wiadomo, gdzie kończą się
                       komórki.
too_long               Tekst ma %(length)s znaków, a może mieć najwyżej %(limit)s.
too_many_cells         Komórek w wierszu: %(found)s, kolumn w nagłówku: %(expected)s. Wartość
                       z separatorem wymaga cudzysłowów.
too_few_cells          Komórek w wierszu: %(found)s, kolumn w nagłówku: %(expected)s.
====================== ===========================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from surveys.errors import SurveyError

Parameters = Mapping[str, str | int]


class FileProblem(StrEnum):
    """Why a whole file is refused; nothing of it is read."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    SPREADSHEET = "spreadsheet"
    BINARY = "binary"
    NO_HEADER = "no_header"
    HEADER_BROKEN = "header_broken"
    TOO_MANY_COLUMNS = "too_many_columns"


class ErrorCode(StrEnum):
    """Why one row is refused; stands in column `error_code` of the error file."""

    EMAIL_MISSING = "email_missing"
    EMAIL_WITHOUT_AT = "email_without_at"
    EMAIL_INCOMPLETE = "email_incomplete"
    EMAIL_ACCENTED = "email_accented"
    EMAIL_RESERVED = "email_reserved"
    EMAIL_SEVERAL = "email_several"
    EMAIL_INVALID = "email_invalid"
    SAME_ADDRESS_AS_ROW = "same_address_as_row"
    SAME_EXTERNAL_ID_AS_ROW = "same_external_id_as_row"
    EXTERNAL_ID_OF_ANOTHER = "external_id_of_another"
    PARTNER_MISSING = "partner_missing"
    UNKNOWN_AUDIENCE = "unknown_audience"
    UNKNOWN_LANGUAGE = "unknown_language"
    UNKNOWN_TIMEZONE = "unknown_timezone"
    UNKNOWN_COUNTRY = "unknown_country"
    UNKNOWN_REVENUE_BAND = "unknown_revenue_band"
    UNKNOWN_EMAIL_STATUS = "unknown_email_status"
    UNKNOWN_CHOICE = "unknown_choice"
    DATE_UNREADABLE = "date_unreadable"
    MONTH_MISSING = "month_missing"
    MONTH_UNREADABLE = "month_unreadable"
    AMOUNT_MISSING = "amount_missing"
    AMOUNT_UNREADABLE = "amount_unreadable"
    AMOUNT_AMBIGUOUS = "amount_ambiguous"
    ORDER_PARTNER_MISSING = "order_partner_missing"
    LINE_BREAK = "line_break"
    CONTROL_CHARACTERS = "control_characters"
    UNREADABLE_CHARACTERS = "unreadable_characters"
    STRAY_QUOTE = "stray_quote"
    BROKEN_QUOTES = "broken_quotes"
    TOO_LONG = "too_long"
    TOO_MANY_CELLS = "too_many_cells"
    TOO_FEW_CELLS = "too_few_cells"


class FileRefused(SurveyError):
    """A file that cannot be read at all. Attributes: `problem` and `parameters` of its sentence."""

    def __init__(self, problem: FileProblem, **parameters: str | int) -> None:
        super().__init__(f"the file is refused: {problem.value}")
        self.problem = problem
        self.parameters: Parameters = parameters


class CellRefused(Exception):
    """Raised by the reader of one cell, caught by the reader of its row; never leaves here."""

    def __init__(self, code: ErrorCode, **parameters: str | int) -> None:
        super().__init__(code.value)
        self.code = code
        self.parameters: Parameters = parameters


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing that is wrong with a row; `column` is the heading in the file, None for the row."""

    code: ErrorCode
    column: str | None = None
    parameters: Parameters = field(default_factory=dict)


def N_(text: str) -> str:  # noqa: N802 - the name by which message extraction knows a marked text
    """The text itself; marks it for the catalogue."""
    return text


FILE_TEXTS: Mapping[FileProblem, str] = {
    FileProblem.EMPTY: N_("The file is empty. It needs a heading row, and people below it."),
    FileProblem.TOO_LARGE: N_(
        "The file has %(size)s MB; the most that can be read is %(limit)s MB. Split it."
    ),
    FileProblem.SPREADSHEET: N_(
        "This is a spreadsheet. In your spreadsheet program choose “Save as”, format CSV UTF-8."
    ),
    FileProblem.BINARY: N_("This is not a text file. Save the list as CSV."),
    FileProblem.NO_HEADER: N_(
        "The first row holds no headings. Add a row with the names of the columns."
    ),
    FileProblem.HEADER_BROKEN: N_("A quotation mark in the heading row is not closed."),
    FileProblem.TOO_MANY_COLUMNS: N_(
        "The file has %(found)s columns; the most that can be read is %(limit)s."
    ),
}

SUGGESTION_TEXT = N_("Did you mean %(suggestion)s?")

ERROR_TEXTS: Mapping[ErrorCode, str] = {
    ErrorCode.EMAIL_MISSING: N_("Email address is missing."),
    ErrorCode.EMAIL_WITHOUT_AT: N_("Email address has no @ sign."),
    ErrorCode.EMAIL_INCOMPLETE: N_("Email address is not complete."),
    ErrorCode.EMAIL_ACCENTED: N_("Letters with accents cannot stand before the @ sign."),
    ErrorCode.EMAIL_RESERVED: N_("Mail cannot reach an address that ends in “.%(ending)s”."),
    ErrorCode.EMAIL_SEVERAL: N_("More than one email address in this cell. Keep one."),
    ErrorCode.EMAIL_INVALID: N_("This is not an email address."),
    ErrorCode.SAME_ADDRESS_AS_ROW: N_("Same address as row %(row)s. Keep one of them."),
    ErrorCode.SAME_EXTERNAL_ID_AS_ROW: N_(
        "Same identifier as row %(row)s. Each person has one of their own."
    ),
    ErrorCode.EXTERNAL_ID_OF_ANOTHER: N_(
        "The identifier and the address belong to two different people. Correct one of them."
    ),
    ErrorCode.PARTNER_MISSING: N_("Company is missing. Only people of our own team have none."),
    ErrorCode.UNKNOWN_AUDIENCE: N_("Unknown audience “%(value)s”. Use one of: %(allowed)s."),
    ErrorCode.UNKNOWN_LANGUAGE: N_("Unknown language “%(value)s”. Use one of: %(allowed)s."),
    ErrorCode.UNKNOWN_TIMEZONE: N_(
        "Unknown time zone “%(value)s”. Write it like this: Europe/Warsaw."
    ),
    ErrorCode.UNKNOWN_COUNTRY: N_(
        "Unknown country “%(value)s”. Use its code of two letters, for example PL."
    ),
    ErrorCode.UNKNOWN_REVENUE_BAND: N_(
        "Unknown revenue band “%(value)s”. Use one of: %(allowed)s."
    ),
    ErrorCode.UNKNOWN_EMAIL_STATUS: N_(
        "Unknown state of the address “%(value)s”. Use one of: %(allowed)s."
    ),
    ErrorCode.UNKNOWN_CHOICE: N_("Unknown value “%(value)s”. Use one of: %(allowed)s."),
    ErrorCode.DATE_UNREADABLE: N_(
        "The date “%(value)s” cannot be read. Write it like this: 2027-01-31."
    ),
    ErrorCode.MONTH_MISSING: N_("Month is missing."),
    ErrorCode.MONTH_UNREADABLE: N_(
        "The month “%(value)s” cannot be read. Write it like this: 2027-01."
    ),
    ErrorCode.AMOUNT_MISSING: N_("Amount is missing."),
    ErrorCode.AMOUNT_UNREADABLE: N_(
        "The amount “%(value)s” cannot be read. Write it like this: 1234.50."
    ),
    ErrorCode.AMOUNT_AMBIGUOUS: N_(
        "“%(value)s” can be read in two ways. Write it like this: 1234.00."
    ),
    ErrorCode.ORDER_PARTNER_MISSING: N_(
        "Partner is missing: its name or its identifier is needed."
    ),
    ErrorCode.LINE_BREAK: N_("There is a line break in this cell. Remove it."),
    ErrorCode.CONTROL_CHARACTERS: N_(
        "There are invisible control characters in this cell. Type the text again."
    ),
    ErrorCode.UNREADABLE_CHARACTERS: N_(
        "Some letters were lost when the file was saved. Type the text again."
    ),
    ErrorCode.STRAY_QUOTE: N_("A quotation mark opens this cell and does not close it."),
    ErrorCode.BROKEN_QUOTES: N_(
        "The quotation marks in this row do not pair up, so its cells cannot be told apart."
    ),
    ErrorCode.TOO_LONG: N_(
        "The text has %(length)s characters; the most that can be kept is %(limit)s."
    ),
    ErrorCode.TOO_MANY_CELLS: N_(
        "Cells in this row: %(found)s, columns in the heading row: %(expected)s. Put a value that"
        " holds the separator in quotation marks."
    ),
    ErrorCode.TOO_FEW_CELLS: N_(
        "Cells in this row: %(found)s, columns in the heading row: %(expected)s."
    ),
}


def error_text(error: RowError, *, translate: Callable[[str], str] = N_) -> str:
    """The sentence for one error, with a second one where a correction can be suggested."""
    texts = [ERROR_TEXTS[error.code]]
    if "suggestion" in error.parameters:
        texts.append(SUGGESTION_TEXT)
    return " ".join(translate(text) % error.parameters for text in texts)


def file_text(refused: FileRefused, *, translate: Callable[[str], str] = N_) -> str:
    """The sentence for a file that cannot be read."""
    return translate(FILE_TEXTS[refused.problem]) % refused.parameters
