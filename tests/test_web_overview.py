"""The overview: finding first, every state with its reason, and the same numbers as the file."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from answered_waves import new_site
from factories import csrf_token, make_survey
from results_sites import Runs, results_site, tables_of, text_of, title_of
from sheet_reader import sheets

from analysis import priority_findings


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state; these tests only read."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("overview")) as runs:
        yield runs


def get(runs: Runs, path: str, email: str = "alicja@nordvik.example") -> str:
    """A page that is there."""
    reply = runs.site.client(email).get(path)
    assert reply.status_code == 200, path
    return reply.text


def scores(runs: Runs, run_id: int) -> list[dict[str, str]]:
    """The scores file of a run, from the button of the page."""
    client = runs.site.client()
    token = csrf_token(client.get(f"/overview/{run_id}").text)
    reply = client.post(
        f"/overview/{run_id}/export",
        data={"csrf_token": token, "kind": "scores", "format": "csv"},
    )
    assert reply.status_code == 200
    return list(csv.DictReader(StringIO(reply.text, newline="")))


def test_the_page_opens_with_the_finding(runs: Runs) -> None:
    page = text_of(get(runs, f"/overview/{runs.published}"))

    assert "Partner pulse, 14 May 2027 · 44 partner contacts and 10 colleagues answered" in page
    assert re.search(r"Partners rate us \d+ points? lower than our own team thinks\.", page)
    assert re.search(r"\d+ of 10 gaps", page)
    for heading in ("Partner NPS", "Negative comments", "Response rate", "Top blind spots"):
        assert heading in page


def test_the_newest_published_wave_is_the_start_and_not_the_open_one(runs: Runs) -> None:
    assert title_of(get(runs, "/")) == title_of(get(runs, f"/overview/{runs.published}"))


def test_every_number_of_the_gap_table_stands_in_the_file(runs: Runs) -> None:
    table = tables_of(get(runs, f"/overview/{runs.published}"))["Perception gap by driver"]
    names = {row[0]: row[1:] for row in table}
    rows = scores(runs, runs.published)
    partners = {
        row["question"]: row
        for row in rows
        if row["audience"] == "partner" and row["dimension"] == "total"
    }
    staff = {
        row["question"]: row
        for row in rows
        if row["audience"] == "internal" and row["dimension"] == "total"
    }
    drivers = list(dict.fromkeys(row["driver"] for row in rows if row["driver"]))
    codes = dict(zip(sorted(names, key=lambda name: int(name.split()[0])), drivers, strict=True))

    assert len(names) == 10
    for name, cells in names.items():
        ours, theirs = partners[codes[name]], staff[codes[name]]
        score, _band, n, staff_score, _staff_band, gap, interval, mark = (
            cell.replace("−", "-").replace("+", "") for cell in cells
        )
        assert (score, n) == (number(ours["score"]), f"n {ours['n']}")
        assert staff_score == number(theirs["score"])
        assert gap == ours["gap"]
        assert interval == f"{number(ours['gap_low'])} to {number(ours['gap_high'])}"
        assert (
            mark
            == {
                "bigger": "bigger than chance",
                "chance": "may be chance",
                "too_few": "too few to say",
            }[ours["mark"]]
        )


def test_a_filtered_page_reads_like_the_rows_of_its_segment(runs: Runs) -> None:
    page = get(runs, f"/overview/{runs.published}?segment=tier:silver")
    table = tables_of(page)["Perception gap by driver"]
    rows = [
        row
        for row in scores(runs, runs.published)
        if (row["audience"], row["dimension"], row["segment"]) == ("partner", "tier", "silver")
    ]

    gaps = sorted(row["gap"] for row in rows if row["question"] == row["driver"])
    assert sorted(row[6].replace("−", "-").replace("+", "") for row in table) == gaps


def number(cell: str) -> str:
    """A number of the file as a page prints it."""
    return cell.removesuffix(".0")


def test_the_recommendation_tile_reads_like_the_file(runs: Runs) -> None:
    page = text_of(get(runs, f"/overview/{runs.published}"))
    row = next(
        row
        for row in scores(runs, runs.published)
        if row["question"] == "recommend" and row["dimension"] == "total"
    )

    low, high = (row[name].replace("-", "−") for name in ("ci_low", "ci_high"))
    assert f"95% confidence: {low} to {high}, n {row['n']}" in page
    assert "NPS of our team’s guesses:" in page
    assert re.search(r"Difference of the means on 0 to 10: .* \(.* to .*\), ", page)


def test_a_segment_says_what_is_of_all_partners_and_what_cannot_be_claimed(runs: Runs) -> None:
    page = text_of(get(runs, f"/overview/{runs.published}?segment=tier:gold"))

    assert "Only partners of: Tier: Gold. Our team is shown as a whole." in page
    assert "Our team guessed for all partners, so there is no claim for one segment." in page
    assert "Importance is worked out for all partners together only." in page
    assert page.count("All partners") >= 5


def test_a_hidden_wave_says_so_and_why_and_shows_no_figure(runs: Runs) -> None:
    page = text_of(get(runs, f"/overview/{runs.small}"))

    assert "All figures are hidden to protect anonymity." in page
    assert "A figure of partners needs 5 answers from 3 companies" in page
    assert "Hidden to protect anonymity: a list needs 8 comments from 3 companies" in page
    assert "Nothing can be compared in this wave." in page
    assert "of 10 gaps" not in page
    assert "you have" not in page


def test_an_open_wave_shows_participation_only(runs: Runs) -> None:
    page = text_of(get(runs, f"/overview/{runs.open}"))

    assert "Results appear when the wave closes on 25 August." in page
    assert "15 of 44 partner contacts have answered so far. Of our team: 4 of 10." in page
    assert "Why no figures yet" in page
    assert "Export" not in page


def test_an_identified_wave_is_live_and_says_since_when(runs: Runs) -> None:
    page = text_of(get(runs, f"/overview/{runs.identified}"))

    assert "Identified survey: figures are live." in page
    assert "Counted on 11 February 2027, 09:00 (Europe/Warsaw)." in page
    assert "Importance needs 30 answers; you have 4." in page


def test_changes_name_the_wave_before(runs: Runs) -> None:
    assert "since 10 February 2027" not in text_of(get(runs, f"/overview/{runs.before}"))
    assert "since 12 February 2027" in text_of(get(runs, f"/overview/{runs.published}"))


def test_a_viewer_sees_pages_and_no_export(runs: Runs) -> None:
    for path in runs.paths(runs.published):
        page = get(runs, path, "borys@nordvik.example")
        assert "Export" not in text_of(page)
    client = runs.site.client("borys@nordvik.example")
    token = csrf_token(client.get("/overview").text)
    reply = client.post(f"/overview/{runs.published}/export", data={"csrf_token": token})
    assert reply.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/overview/999",
        "/drivers/999",
        "/drivers/999/listening",
        "/comments/999",
        "/overview/{published}?segment=tier:platinum",
        "/overview/{published}?segment=nonsense",
        "/drivers/{published}/listening?segment=tier:platinum",
        "/drivers/{published}/nonsense",
        "/overview/{open}?segment=tier:gold",
        "/overview/choose",
        "/drivers/choose",
        "/comments/choose?run=x",
    ],
)
def test_what_does_not_exist_is_not_found(runs: Runs, path: str) -> None:
    wanted = path.format(published=runs.published, open=runs.open)

    assert runs.site.client().get(wanted).status_code == 404


@pytest.mark.parametrize("field", [{"kind": "nonsense"}, {"format": "nonsense"}])
def test_an_unknown_file_is_not_found(runs: Runs, field: dict[str, str]) -> None:
    client = runs.site.client()
    data = {"csrf_token": csrf_token(client.get("/overview").text), "kind": "scores"}

    reply = client.post(f"/overview/{runs.published}/export", data=data | field)

    assert reply.status_code == 404


@pytest.mark.parametrize("kind", ["responses", "answers"])
def test_single_responses_are_refused_with_the_reason(runs: Runs, kind: str) -> None:
    client = runs.site.client()
    token = csrf_token(client.get("/overview").text)

    reply = client.post(
        f"/overview/{runs.published}/export", data={"csrf_token": token, "kind": kind}
    )

    assert reply.status_code == 403
    assert "Partners were promised confidentiality" in text_of(reply.text)


def test_results_of_an_open_wave_are_not_exported(runs: Runs) -> None:
    client = runs.site.client()
    token = csrf_token(client.get("/overview").text)

    reply = client.post(
        f"/overview/{runs.open}/export", data={"csrf_token": token, "kind": "scores"}
    )

    assert reply.status_code == 409
    assert "No results yet" in text_of(reply.text)


def test_an_export_without_the_guard_of_the_page_writes_no_file(runs: Runs) -> None:
    reply = runs.site.client().post(f"/overview/{runs.published}/export", data={"kind": "scores"})

    assert reply.status_code in (303, 400)
    assert "attachment" not in reply.headers.get("Content-Disposition", "")


def test_the_file_has_a_name_and_opens_in_polish_excel(runs: Runs) -> None:
    client = runs.site.client()
    token = csrf_token(client.get("/overview").text)

    reply = client.post(
        f"/overview/{runs.published}/export", data={"csrf_token": token, "kind": "comments"}
    )

    assert reply.headers["Content-Disposition"] == (
        'attachment; filename="partner-pulse_partner-pulse_2027-05-14_comments'
        f'_{runs.site.clock():%Y%m%dT%H%M%SZ}.csv"'
    )
    assert reply.data.startswith(b"\xef\xbb\xbfsurvey;wave;audience;")
    assert "życzliwy" in reply.text


def test_a_workbook_is_offered_first_and_comes_under_its_name(runs: Runs) -> None:
    client = runs.site.client()
    page = client.get(f"/overview/{runs.published}").text
    offered = re.findall(r'<option value="([\w-]+)">', page.partition('name="format"')[2])

    reply = client.post(
        f"/overview/{runs.published}/export",
        data={"csrf_token": csrf_token(page), "kind": "comments", "format": offered[0]},
    )

    assert offered == ["xlsx", "csv-excel", "csv", "sav"]
    assert reply.headers["Content-Disposition"].endswith('Z.xlsx"')
    assert reply.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert "życzliwy" in str(sheets(reply.data))


def test_an_spss_file_is_offered_and_made_only_where_its_library_is(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = runs.site.client()
    page = client.get(f"/overview/{runs.published}").text
    wanted = {"csrf_token": csrf_token(page), "kind": "scores", "format": "sav"}
    there = client.post(f"/overview/{runs.published}/export", data=wanted)

    monkeypatch.setattr("analysis.sav_export.LIBRARIES", ("no_library_has_this_name",))
    without = client.get(f"/overview/{runs.published}").text
    refused = client.post(f"/overview/{runs.published}/export", data=wanted)

    assert 'value="sav"' in page
    assert there.data.startswith(b"$FL2")
    assert there.headers["Content-Disposition"].endswith('Z.sav"')
    assert 'value="sav"' not in without
    assert refused.status_code == 404


def test_pickers_lead_to_an_address_that_can_be_kept(runs: Runs) -> None:
    client = runs.site.client()
    same = client.get(
        f"/overview/choose?run={runs.published}&was={runs.published}&segment=tier:gold"
    )
    other = client.get(f"/overview/choose?run={runs.before}&was={runs.published}&segment=tier:gold")

    assert same.headers["Location"] == f"/overview/{runs.published}?segment=tier:gold"
    assert other.headers["Location"] == f"/overview/{runs.before}"


def test_titles_tell_pages_and_waves_apart_and_each_has_one_heading(runs: Runs) -> None:
    paths = [
        *runs.paths(runs.published),
        *runs.paths(runs.before),
        *runs.paths(runs.open),
        *runs.paths(runs.small),
        *runs.paths(runs.identified),
        f"/drivers/{runs.published}/incentives",
    ]
    pages = [get(runs, path) for path in paths]

    titles = [title_of(page) for page in pages]
    assert len(set(titles)) == len(titles)
    for page in pages:
        assert len(re.findall(r"<h1\b", page)) == 1


def test_no_page_shows_a_broken_percent_or_placeholder(runs: Runs) -> None:
    ids = (runs.published, runs.before, runs.open, runs.small, runs.identified)
    for path in [path for run_id in ids for path in runs.paths(run_id)]:
        page = get(runs, path)
        assert "%%" not in page
        assert "%(" not in page
        assert "{{" not in page
        assert "None" not in text_of(page)
        assert not re.search(r'\bstyle="|\bon\w+="|<script>', page)


def test_an_empty_workspace_leads_through_the_first_steps(
    sqlite_template: Path, tmp_path: Path
) -> None:
    with new_site(sqlite_template, tmp_path) as site:
        client = site.client()
        page = text_of(client.get("/").text)
        assert "Welcome to Partner Pulse" in page
        assert "4 steps left to your first wave." in page
        assert "Fill in" in page
        assert "Fill in" not in text_of(site.client("borys@nordvik.example").get("/").text)
        for path in ("/drivers", "/comments"):
            assert "First steps" in text_of(client.get(path).text)
        with site.session() as session:
            make_survey(session)
            session.commit()
        assert "2 steps left to your first wave." in text_of(client.get("/").text)


def test_a_part_that_fails_leaves_the_rest_of_the_page(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, failed_parts: list[str]
) -> None:
    def fails(*_given: object) -> None:
        raise ValueError("Kowalski said so")

    monkeypatch.setattr(priority_findings, "source_words", fails)
    page = get(runs, f"/drivers/{runs.published}")

    assert "This part could not be loaded" in page
    assert "Perception gap by driver" in page
    assert "Kowalski" not in page
    assert len(failed_parts) == 1
    failed_parts.clear()
