"""From bytes to text and rows: encodings, separators, quotation marks, files that are refused."""

from io import BytesIO
from itertools import product
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.contact_file import (
    MAX_FILE_BYTES,
    Encoding,
    FileProblem,
    FileRefused,
    Separator,
    count_rows,
    decode,
    error_text,
    example_cells,
    file_text,
    open_table,
)
from surveys.contact_file.formulas import as_text_cell, from_text_cell
from surveys.contact_file.problems import (
    ERROR_TEXTS,
    FILE_TEXTS,
    ErrorCode,
    RowError,
)
from surveys.contact_file.table import MAX_LINES_IN_ROW, is_blank

ALPHABET = "zażółć gęślą jaźń ZAŻÓŁĆ GĘŚLĄ JAŹŃ"
POLISH = [["E-mail", "Imię", "Firma"], ["ewa@x.example", "Łucja", f"{ALPHABET} Sp. z o.o."]]
ENGLISH = [["email", "first_name", "company"], ["joe@x.example", "Joe", "O’Neill “Best” – Sons"]]
PLAIN = [["email", "first_name", "company"], ["joe@x.example", "Joe", "Halo Systems"]]

# Names only, as in a list without a full alphabet of Polish letters.
NAMES = [
    ["email", "Imię", "Firma"],
    ["x@x.example", "Żaneta", "Złoty Róg"],
    ["y@x.example", "Michał", ""],
]

ENCODINGS = {
    "utf-8": Encoding.UTF_8,
    "utf-8-sig": Encoding.UTF_8,
    "utf-16": Encoding.UTF_16_LE,
    "utf-16-le": Encoding.UTF_16_LE,
    "utf-16-be": Encoding.UTF_16_BE,
    "cp1250": Encoding.WINDOWS_1250,
    "iso8859-2": Encoding.ISO_8859_2,
    "cp852": Encoding.DOS_852,
}
MATRIX = [
    (codec, separator, rows)
    for codec, separator, rows in product(ENCODINGS, Separator, (POLISH, NAMES, ENGLISH, PLAIN))
    # These two have no typographic quotation marks.
    if not (rows is ENGLISH and codec in {"iso8859-2", "cp852"})
]


def csv_bytes(rows: list[list[str]], *, codec: str = "utf-8", separator: str = ";") -> bytes:
    return "".join(separator.join(row) + "\r\n" for row in rows).encode(codec)


def cells_of(data: bytes) -> list[list[str]]:
    return [list(record.cells) for record in open_table(decode(data)).records()]


def refused(data: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        open_table(decode(data))
    return caught.value


@pytest.mark.parametrize(("codec", "separator", "rows"), MATRIX)
def test_encoding_and_separator_are_found(
    codec: str, separator: Separator, rows: list[list[str]]
) -> None:
    table = open_table(decode(csv_bytes(rows, codec=codec, separator=separator)))

    assert [list(table.header), *(list(record.cells) for record in table.records())] == rows
    assert table.separator is separator
    assert table.decoded.is_certain
    assert table.decoded.had_bom is (codec in {"utf-8-sig", "utf-16"})
    if rows is POLISH or codec not in {"iso8859-2", "cp852"}:
        expected = ENCODINGS[codec] if rows is not PLAIN or "utf" in codec else Encoding.UTF_8
        assert table.decoded.encoding is expected


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_with_its_mark_is_read_without_the_mark(codec: str) -> None:
    table = open_table(decode("\ufeffe-mail;Imię\r\n".encode(codec)))

    assert (table.header, table.decoded.had_bom) == (("e-mail", "Imię"), True)


@given(
    words=st.lists(st.text("aąbcćdeęłmnńoóprsśtuwyzźż ", min_size=1), min_size=1),
    codec=st.sampled_from(["utf-8", "cp1250", "iso8859-2", "utf-16-le", "utf-16-be"]),
)
@settings(max_examples=200, deadline=None)
def test_polish_text_is_read_as_it_was_written_or_the_guess_says_so(
    words: list[str], codec: str
) -> None:
    """Short texts may be ambiguous: a lone byte is a letter in several encodings."""
    text = "e-mail;firma\n" + "\n".join(f"a;{word}" for word in words)

    decoded = decode(text.encode(codec))

    assert decoded.text == text or not decoded.is_certain


def test_chosen_encoding_wins_over_the_guess() -> None:
    data = "email;name\r\nhelene@x.example;Hélène Père\r\n".encode("cp1252")

    guessed, chosen = decode(data), decode(data, encoding=Encoding.WINDOWS_1252)

    assert guessed.encoding is Encoding.WINDOWS_1250
    assert "Hélène Père" in chosen.text


def test_guess_without_evidence_is_not_certain() -> None:
    data = b"email;name\r\nx@x.example;\xf7\xf7\r\n"

    assert not decode(data).is_certain


@pytest.mark.parametrize("text", ["Jäger", "Halo — Systems", "Müller © Söhne"])
def test_western_text_of_windows_is_not_taken_for_dos(text: str) -> None:
    decoded = decode(f"email;name\r\nx@x.example;{text}\r\n".encode("cp1250"))

    assert text in decoded.text


def test_damaged_utf8_stays_utf8_with_the_damage_marked() -> None:
    good = csv_bytes(POLISH)

    decoded = decode(good + b"jan@x.example;Jan;Kopernik \xb1\r\n")

    assert (decoded.encoding, decoded.is_certain) == (Encoding.UTF_8, False)
    assert decoded.text.endswith("Kopernik \ufffd\r\n")


def test_letter_at_the_very_end_is_not_lost() -> None:
    assert decode("e-mail;firma\na;Jaró".encode("cp1250")).text.endswith("Jaró")


def test_every_encoding_has_a_name_for_people() -> None:
    assert len({encoding.label for encoding in Encoding}) == len(Encoding)


def zipped(name: str) -> bytes:
    memory = BytesIO()
    with ZipFile(memory, "w") as archive:
        archive.writestr(name, "x")
    return memory.getvalue()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", FileProblem.EMPTY),
        (b"\xef\xbb\xbf", FileProblem.EMPTY),
        (b"\r\n \r\n\x1a", FileProblem.EMPTY),
        (b";;;\r\n;;;\r\n", FileProblem.EMPTY),
        (b"sep=;\r\n", FileProblem.EMPTY),
        (zipped("[Content_Types].xml"), FileProblem.SPREADSHEET),
        (zipped("xl/workbook.xml"), FileProblem.SPREADSHEET),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), FileProblem.SPREADSHEET),
        (zipped("contacts.csv"), FileProblem.BINARY),
        (b"%PDF-1.7\n%\xe2\xe3", FileProblem.BINARY),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), FileProblem.BINARY),
        (bytes(range(256)) * 50, FileProblem.BINARY),
        (b"email,name\n" + bytes(40), FileProblem.BINARY),
        (b"ewa@x.example;Ewa;Integra\r\n", FileProblem.NO_HEADER),
        (b'email;"name\r\newa@x.example;Ewa\r\n', FileProblem.HEADER_BROKEN),
        (b";".join(b"c%d" % n for n in range(10_000)), FileProblem.TOO_MANY_COLUMNS),
    ],
)
def test_file_that_cannot_be_read_is_refused_and_the_reason_told(
    data: bytes, problem: FileProblem
) -> None:
    error = refused(data)

    assert error.problem is problem
    assert file_text(error)


def test_file_over_the_limit_is_refused_with_both_sizes() -> None:
    error = refused(b"email;name\r\n" + b"x" * MAX_FILE_BYTES)

    assert file_text(error) == "The file has 33 MB; the most that can be read is 32 MB. Split it."


def test_spreadsheet_is_told_how_to_become_a_csv() -> None:
    assert "CSV" in file_text(refused(zipped("xl/workbook.xml")))


def test_heading_that_gives_an_example_address_is_still_a_heading() -> None:
    table = open_table(decode(b"E-mail (np. jan@firma.example);Firma\r\n"))

    assert table.header == ("E-mail (np. jan@firma.example)", "Firma")


def test_separators_line_breaks_and_quotes_inside_quoted_cells_are_kept() -> None:
    data = b'email;company\r\na@x.example;"A; ""B""\r\nsecond, line"\r\nb@x.example;C\r\n'

    assert cells_of(data) == [
        ["a@x.example", 'A; "B"\r\nsecond, line'],
        ["b@x.example", "C"],
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_ends_a_row(line_end: str) -> None:
    data = line_end.join(["email;company", "a@x.example;A", "b@x.example;B"]).encode()

    assert cells_of(data) == [["a@x.example", "A"], ["b@x.example", "B"]]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    data = (
        b'\r\nemail;company\r\na@x.example;A\r\n;\r\n\r\nb@x.example;"B\r\nB"\r\nc@x.example;C\r\n'
    )

    table = open_table(decode(data))

    assert table.header_number == 2
    assert [record.number for record in table.records()] == [3, 6, 7]
    assert count_rows(table) == 3


def test_stray_quotation_mark_costs_its_own_row_and_no_other() -> None:
    rows = [f"p{n}@x.example;Company {n}" for n in range(300)]
    rows[3] = 'p3@x.example;"Company 3'
    rows[5] = '"p5@x.example;Company 5'
    rows[8] = 'p8@x.example;"Company" 8'
    rows[200] = 'p200@x.example;"Company 200'
    data = "\r\n".join(["email;company", *rows]).encode()

    records = list(open_table(decode(data)).records())

    assert [record.number for record in records] == list(range(2, 302))
    assert [record.number for record in records if record.is_broken] == [5, 7, 10, 202]
    assert records[3].cells == ["p3@x.example", '"Company 3']
    assert records[4].cells == ["p4@x.example", "Company 4"]


def test_cell_may_have_many_lines_but_not_the_rest_of_the_file() -> None:
    long_cell = "\n".join(["x"] * MAX_LINES_IN_ROW)
    data = f'email;notes\na@x.example;"{long_cell}"\nb@x.example;B\n'.encode()

    assert cells_of(data) == [["a@x.example", long_cell], ["b@x.example", "B"]]


any_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\r\n\t")
)


def test_quotation_mark_that_is_closed_only_far_below_does_not_swallow_the_rows_between() -> None:
    between = [f"p{n}@x.example;B" for n in range(MAX_LINES_IN_ROW + 1)]
    data = "\n".join(["email;firma", 'a@x.example;"A', *between, 'z@x.example";Z']).encode()

    records = list(open_table(decode(data)).records())

    assert [record.is_broken for record in records[:2]] == [True, False]
    assert len(records) == len(between) + 2


@given(
    rows=st.lists(st.lists(any_text, min_size=2, max_size=3), max_size=4),
    separator=st.sampled_from(Separator),
)
@settings(max_examples=150, deadline=None)
def test_quoted_cells_of_any_text_come_back(rows: list[list[str]], separator: Separator) -> None:
    lines = [
        separator.join('"' + as_text_cell(cell).replace('"', '""') + '"' for cell in row)
        for row in rows
    ]
    data = f"sep={separator}\r\nemail{separator}company\r\n".encode() + "\r\n".join(lines).encode()

    cells = [list(record.cells) for record in open_table(decode(data)).records()]

    assert cells == [row for row in rows if not is_blank(row)]


def test_separator_hint_of_spreadsheets_is_obeyed_and_is_no_row() -> None:
    table = open_table(decode(b"sep=,\r\nemail,company;name\r\na@x.example,A;B\r\n"))

    assert (table.separator, table.header) == (Separator.COMMA, ("email", "company;name"))
    assert [record.number for record in table.records()] == [2]


def test_commas_inside_cells_do_not_make_a_comma_file() -> None:
    data = (
        b"email;company, city;notes, other, more\r\na@x.example;A, B;C\r\nb@x.example;D;E, F, G\r\n"
    )

    assert open_table(decode(data)).separator is Separator.SEMICOLON


def test_file_of_one_column_is_read() -> None:
    table = open_table(decode(b"email\r\na@x.example\r\nb@x.example\r\n"))

    assert [list(record.cells) for record in table.records()] == [["a@x.example"], ["b@x.example"]]


def test_headings_that_spreadsheets_leave_empty_at_the_end_are_dropped() -> None:
    table = open_table(decode(b"email;company;;;\r\na@x.example;A;;;\r\n"))

    assert table.header == ("email", "company")


def test_example_of_a_column_is_its_first_cell_that_holds_something() -> None:
    table = open_table(decode(b"email;tier;team\r\na@x.example;;\r\nb@x.example; Gold ;\r\n"))

    assert example_cells(table) == ("a@x.example", "Gold", "")


@given(st.text() | st.text("'=+-@ \t\r\0＝＋ab", max_size=6))
@settings(max_examples=300)
def test_text_that_looks_like_a_formula_is_escaped_and_comes_back(text: str) -> None:
    cell = as_text_cell(text)

    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋"))
    assert from_text_cell(cell) == text


def test_every_code_has_a_sentence_that_its_parameters_fill() -> None:
    parameters = dict.fromkeys(
        ("value", "allowed", "row", "found", "expected", "length", "limit", "ending", "suggestion"),
        "§",
    )

    texts = [error_text(RowError(code, parameters=parameters)) for code in ErrorCode]

    assert set(ERROR_TEXTS) == set(ErrorCode)
    assert set(FILE_TEXTS) == set(FileProblem)
    assert all("%(" not in text for text in texts)
    assert len(set(texts)) == len(texts)


def test_values_are_filled_in_after_translation_and_as_they_are() -> None:
    polish = {"Did you mean %(suggestion)s?": "Czy chodziło o %(suggestion)s?"}
    error = RowError(ErrorCode.EMAIL_INCOMPLETE, parameters={"suggestion": "100%@y.example"})

    text = error_text(error, translate=lambda english: polish.get(english, "Niepełny adres."))

    assert text == "Niepełny adres. Czy chodziło o 100%@y.example?"
