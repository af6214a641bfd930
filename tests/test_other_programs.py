"""Files opened in the programs that they are for: Gnumeric (`ssconvert`) and PSPP (`pspp`).

These tests exist only where the program is on the PATH: they are not collected elsewhere, rather
than skipped, since a skip is a failure where everything must run, and neither program is asked for.
"""

import csv
import shutil
import subprocess
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analysis.csv_export import CSV_KINDS, CsvKind, csv_bytes
from analysis.export_table import Measure, RowOfCells, Sort, Table, Variable
from analysis.sav_export import sav_bytes
from analysis.xlsx_export import xlsx_bytes
from surveys.contact_file.formulas import as_text_cell

GOLDEN = Path(__file__).with_name("golden") / "exports"
GNUMERIC = shutil.which("ssconvert")
PSPP = shutil.which("pspp")
SPACE = "{http://www.gnumeric.org/v10.dtd}"
#: How Gnumeric says what a cell holds; a formula says nothing.
KINDS = {"40": "number", "60": "text", None: "formula"}
TEXTS = (
    "Zażółć gęślą jaźń, ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż",
    "=1+1",
    '=HYPERLINK("http://x.example","click")',
    "+48 600 100 200",
    "-5",
    "@SUM(A1)",
    "  =1",
    "＝1",
    "'=1",
    "two\nlines",
    'semicolon; comma, "quotes"',
    "<r><t>a & b</t></r>",
)
#: A number first, as in the files of a run: Gnumeric guesses the separator from the first column.
HEADINGS = ("number", "text", "nothing", "=formula")
ROWS: list[RowOfCells] = [[number - 3, text, None, "plain"] for number, text in enumerate(TEXTS)]


def run(*command: str | Path, folder: Path) -> str:
    """Run a program in a folder; what it printed."""
    done = subprocess.run(  # noqa: S603 - a program that was asked for by name, on our own files
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=120
    )
    return done.stdout


if GNUMERIC:

    def opened(file: bytes, name: str, folder: Path) -> dict[tuple[int, int], tuple[str, str]]:
        """What Gnumeric finds in a file: (kind, content) by row and column."""
        (folder / name).write_bytes(file)
        command = ("--recalc", "-T", "Gnumeric_XmlIO:sax:0", name, "opened.xml")
        run(str(GNUMERIC), *command, folder=folder)
        tree = ElementTree.parse(folder / "opened.xml")  # noqa: S314 - made from our own file
        return {
            (int(cell.get("Row", "")), int(cell.get("Col", ""))): (
                KINDS[cell.get("ValueType")],
                cell.text or "",
            )
            for cell in tree.iter(f"{SPACE}Cell")
        }

    @pytest.mark.parametrize("kind", CSV_KINDS.values(), ids=str)
    def test_gnumeric_finds_no_formula_in_a_csv_file(kind: CsvKind, tmp_path: Path) -> None:
        file = b"".join(csv_bytes(Table(HEADINGS, ROWS), kind))

        cells = opened(file, "made.csv", tmp_path)

        assert {sort for sort, _ in cells.values()} == {"text", "number"}
        for row, text in enumerate(("text", *TEXTS)):
            # Gnumeric takes the apostrophe for its own mark of a text, and does not show it.
            assert cells[row, 1] in (("text", text), ("text", as_text_cell(text)))
        assert cells[1, 0] == ("number", "-3")
        assert cells[0, 3][1].removeprefix("'") == "=formula"

    @pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.csv")), ids=lambda path: path.stem)
    def test_gnumeric_finds_no_formula_in_a_file_of_a_run(path: Path, tmp_path: Path) -> None:
        cells = opened(path.read_bytes(), "run.csv", tmp_path)

        assert len(cells) > 10
        assert "formula" not in {sort for sort, _ in cells.values()}

    def test_gnumeric_finds_texts_and_numbers_in_a_workbook(tmp_path: Path) -> None:
        cells = opened(b"".join(xlsx_bytes(Table(HEADINGS, ROWS))), "made.xlsx", tmp_path)

        assert [cells[0, column][1] for column in range(len(HEADINGS))] == [*HEADINGS]
        for row, (number, text, *_) in enumerate(ROWS, start=1):
            assert cells[row, 0] == ("number", str(number))
            assert cells[row, 1] == ("text", text)
            assert (row, 2) not in cells


if PSPP:

    def told(file: bytes, commands: Sequence[str], folder: Path) -> str:
        """What PSPP prints about a file, as CSV."""
        (folder / "made.sav").write_bytes(file)
        script = ["GET FILE='made.sav'.", *commands]
        (folder / "script.sps").write_text("\n".join(script), encoding="utf-8")
        return run(str(PSPP), "-O", "format=csv", "script.sps", folder=folder)

    def test_pspp_reads_every_value_and_letter(tmp_path: Path) -> None:
        number = Variable(Sort.NUMBER, measure=Measure.SCALE)
        rows: list[RowOfCells] = [[text, place] for place, text in enumerate(TEXTS)]
        file = b"".join(sav_bytes(Table(("text", "number"), rows, [Variable(), number])))
        save = "SAVE TRANSLATE /OUTFILE='out.csv' /TYPE=CSV /FIELDNAMES /CELLS=VALUES."

        told(file, [save], tmp_path)

        out = (tmp_path / "out.csv").read_text(encoding="utf-8")
        headings, *found = csv.reader(StringIO(out, newline=""))
        assert headings == ["text", "number"]
        assert found == [[text, str(place)] for place, text in enumerate(TEXTS)]

    def test_pspp_counts_no_answer_that_is_declared_missing(tmp_path: Path) -> None:
        label, words = "Marże są dobre.", {1: "zdecydowanie nie", 5: "tak", -9: "Nie wiem"}
        variable = Variable(Sort.NUMBER, label, Measure.ORDINAL, words, {"NA": -9})
        file = b"".join(sav_bytes(Table(("margins",), [[4], [5], ["NA"], [None]], [variable])))

        said = told(
            file, ["FREQUENCIES margins /STATISTICS=MEAN.", "DISPLAY DICTIONARY."], tmp_path
        )

        assert "Mean,,4.50" in said
        assert "N,Valid,2" in said
        assert ",Missing,2" in said
        for each in (label, "zdecydowanie nie", "Nie wiem"):
            assert each in said
