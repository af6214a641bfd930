"""The board page: the overview's figures on one sheet, in every state."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from answered_waves import new_site
from made_figures import RULES, both, coarse, exact, hidden, in_words, overview
from results_sites import Runs, results_site, tables_of, text_of

from analysis import board_findings, drawings
from surveys.participation import Participation

GAPS = "Perception gap by driver"


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state; these tests only read."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("board")) as runs:
        yield runs


def get(runs: Runs, path: str) -> str:
    """A page that is there, as an administrator sees it."""
    reply = runs.site.client().get(path)
    assert reply.status_code == 200, path
    return reply.text


@pytest.mark.parametrize("query", ["", "?segment=tier:silver"])
def test_the_sheet_shows_the_figures_of_the_overview(runs: Runs, query: str) -> None:
    sheet = tables_of(get(runs, f"/board/{runs.published}{query}"))[GAPS]
    table = tables_of(get(runs, f"/overview/{runs.published}{query}"))[GAPS]

    assert len(sheet) == 10
    for ours, theirs in zip(sheet, table, strict=True):
        assert ours[0] == theirs[0]
        assert ours[1] == f"We believe {theirs[4]}"
        assert ours[3] == f"They say {theirs[1]}"
        assert ours[4] == theirs[6]
        expected = theirs[8] if theirs[6] == "–" else f"{theirs[7]}, {theirs[8]}"
        assert ours[5].startswith(expected)


def test_the_sheet_opens_with_the_headline_and_names_vendor_wave_and_day(runs: Runs) -> None:
    page = text_of(get(runs, f"/board/{runs.published}"))
    over = text_of(get(runs, f"/overview/{runs.published}"))

    headline = re.search(r"Partners rate us \d+ points lower than our own team thinks\.", page)
    assert headline
    assert headline[0] in over
    assert "Nordvik Partner pulse, 14 May 2027 · " in page
    assert "Over all drivers the difference is −" in page
    assert re.search(r"Partners: 44 of \d+ delivered invitations were answered", page)
    assert "Our team: 10 people answered." in page
    assert "The intervals hold for all 10 drivers together." in page
    assert "We believe +" in page.partition("Would they recommend us?")[2]
    assert "Published on 15 May 2027" in page


def test_blind_spots_stand_on_the_sheet_as_on_the_overview(runs: Runs) -> None:
    page = get(runs, f"/board/{runs.published}")
    over = get(runs, f"/overview/{runs.published}")

    spots = re.findall(r'<ol class="spots">.*?</ol>', page, flags=re.DOTALL)
    names = re.findall(r"<strong>(.*?)</strong>", "".join(spots))
    listed = over.partition('id="spots"')[2].partition("</section>")[0]
    assert names
    assert names == re.findall(r'class="rowlink"[^>]*>(.*?)</a>', listed)


def test_the_overview_leads_to_the_sheet_of_the_same_choice_and_back(runs: Runs) -> None:
    over = get(runs, f"/overview/{runs.published}?segment=tier:silver")
    sheet = get(runs, f"/board/{runs.published}?segment=tier:silver")

    assert f'href="/board/{runs.published}?segment=tier:silver">Board page</a>' in over
    assert f'href="/overview/{runs.published}?segment=tier:silver">Overview</a>' in sheet
    assert "Only partners of: Tier: Silver." in text_of(sheet)


def test_pickers_lead_to_an_address_that_can_be_kept(runs: Runs) -> None:
    client = runs.site.client()
    same = client.get(f"/board/choose?run={runs.published}&was={runs.published}&segment=tier:gold")
    other = client.get(f"/board/choose?run={runs.before}&was={runs.published}&segment=tier:gold")

    assert same.headers["Location"] == f"/board/{runs.published}?segment=tier:gold"
    assert other.headers["Location"] == f"/board/{runs.before}"
    assert client.get(f"/board/{runs.published}?segment=tier:nothing").status_code == 404
    assert client.get("/board/999").status_code == 404


def test_the_button_needs_the_script_and_the_sheet_does_not(runs: Runs) -> None:
    page = get(runs, f"/board/{runs.published}")

    assert re.search(r"<button[^>]* data-print hidden>Print</button>", page)
    assert '<script type="module" src="/static/js/board.js' in page
    assert not re.search(r'\bstyle="|\bon\w+="|<script>', page)


def test_an_open_wave_says_when_the_sheet_comes(runs: Runs) -> None:
    page = text_of(get(runs, f"/board/{runs.open}"))

    assert "Results appear when the wave closes on 25 August." in page
    assert "They say" not in page


def test_hidden_figures_leave_no_number_on_the_sheet(runs: Runs) -> None:
    page = get(runs, f"/board/{runs.small}")

    rows = tables_of(page)[GAPS]
    assert rows
    for row in rows:
        assert (row[1], row[3], row[4]) == ("We believe –", "They say –", "–")
    assert "hidden to protect anonymity." in text_of(page)
    assert "95% confidence:" not in text_of(page)
    assert "A dash is a figure that is hidden or was not asked." in text_of(page)


def test_an_identified_wave_is_live_and_may_show_one_voice_alone(runs: Runs) -> None:
    page = get(runs, f"/board/{runs.identified}")

    assert "Identified survey: figures are live." in text_of(page)
    assert "Our team’s figures are hidden to protect anonymity." in text_of(page)
    for row in tables_of(page)[GAPS]:
        assert row[1] == "We believe –"
        assert re.fullmatch(r"They say \d+", row[3])


def test_the_newest_results_have_a_short_address(runs: Runs) -> None:
    assert "14 May 2027" in text_of(get(runs, "/board"))


def test_without_any_wave_the_sheet_leads_to_the_first_steps(
    sqlite_template: Path, tmp_path: Path
) -> None:
    with new_site(sqlite_template, tmp_path) as site:
        page = text_of(site.client().get("/board").text)

    assert "Board page" in page
    assert "They come with the first wave that has closed." in page


def test_a_stranger_does_not_see_it(runs: Runs) -> None:
    stranger = runs.site.app.test_client()

    assert stranger.get(f"/board/{runs.published}").status_code == 303
    assert stranger.get("/board").status_code == 303


def test_a_row_says_interval_and_mark_and_a_missing_gap_nothing() -> None:
    figures = both(
        {"incentives": exact(40), "listening": exact(70), "direct_rules": hidden()},
        {"incentives": exact(75), "listening": exact(72), "direct_rules": exact(70)},
    )
    page = overview(figures)

    with in_words():
        said = {row.code: board_findings.claim_words(row) for row in page.gaps}
        dash = board_findings.dash_words(page)

    assert re.fullmatch(r"−\d+ to −\d+, bigger than chance", said["incentives"])
    assert re.fullmatch(r"−\d+ to \d+, may be chance", said["listening"])
    assert said["direct_rules"] == ""
    assert dash == "A dash is a figure that is hidden or was not asked."


def test_a_sheet_with_every_figure_does_not_explain_dashes() -> None:
    page = overview(both({"incentives": exact(40)}, {"incentives": exact(75)}))

    with in_words():
        assert board_findings.dash_words(page) == ""
        assert drawings.board_drawing(
            page.gaps[0], page.figures["incentives"], drawings.gap_axis(page), "Incentives"
        ).startswith("<svg")


def test_a_rounded_figure_is_known_as_words() -> None:
    assert board_findings.is_inexact(coarse(60))
    assert not board_findings.is_inexact(exact(60))
    assert not board_findings.is_inexact(hidden())
    assert not board_findings.is_inexact(None)


def test_nobody_was_mailed_and_no_team_is_said_plainly() -> None:
    page = overview(
        both({RULES.code: exact(50)}, None, internal=False),
        participation=Participation(3, 0, 0, 0, 0),
    )

    with in_words():
        assert board_findings.participation_words(page) == "No invitation was delivered."
        assert board_findings.overall_words(page) == ""
