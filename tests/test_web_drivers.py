"""The drivers: chart as a page, one driver with trend, answers, segments, comments; statements."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from results_sites import Runs, results_site, tables_of, text_of
from sqlalchemy import event


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state; these tests only read."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("drivers")) as runs:
        yield runs


def get(runs: Runs, path: str) -> str:
    """A page that is there, as an administrator sees it."""
    reply = runs.site.client().get(path)
    assert reply.status_code == 200, path
    return reply.text


@contextmanager
def counted(runs: Runs) -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("PRAGMA"):
            seen.append(statement)

    event.listen(runs.site.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(runs.site.engine, "before_cursor_execute", note)


def test_the_chart_page_names_all_drivers_and_leads_to_each(runs: Runs) -> None:
    page = get(runs, f"/drivers/{runs.published}")

    links = re.findall(rf'href="/drivers/{runs.published}/(\w+)"', page)
    assert len(set(links)) == 10
    assert "In words: Partners are lower on" in text_of(page)


def test_one_driver_shows_both_voices_and_how_they_were_asked(runs: Runs) -> None:
    page = text_of(get(runs, f"/drivers/{runs.published}/no_sabotage"))

    assert "All teams at Nordvik work with us, not against us." in page
    assert "Our partners would say that… all our teams work with them" in page
    assert "Driver 5 of 10 · Partner pulse, 14 May 2027" in page
    assert re.search(r"Gap [−+]\d+ [−\d]+ to [−\d]+, (bigger than chance|may be chance)", page)
    assert re.search(r"Importance \d+ of 10 Link with recommending us: ", page)


def test_the_trend_has_every_wave_in_words_and_table(runs: Runs) -> None:
    page = get(runs, f"/drivers/{runs.published}/listening")

    assert [row[0] for row in tables_of(page)["Trend"]] == ["12 February 2027", "14 May 2027"]
    assert re.search(r"Partners: from \d+ to \d+ over 2 waves\.", text_of(page))
    first = get(runs, f"/drivers/{runs.before}/listening")
    assert "The trend starts with the second wave." in text_of(first)


def test_answers_of_a_small_voice_are_words_and_not_hatched_bars(runs: Runs) -> None:
    page = get(runs, f"/drivers/{runs.published}/listening")
    answers = page.partition('id="answers"')[2].partition("</section>")[0]

    assert "Share of answers in three groups. From 10 answers on." in text_of(answers)
    assert "#hidden" not in answers
    assert re.search(r"at (most|least) \d+ of 10", text_of(answers))
    assert re.search(r"Partners: agree \d+%, disagree \d+%\.", text_of(answers))


def test_an_identified_wave_shows_each_answer(runs: Runs) -> None:
    page = get(runs, f"/drivers/{runs.identified}/listening")
    answers = text_of(page.partition('id="answers"')[2].partition("</section>")[0])

    for name in ("Strongly agree", "Agree", "Neither", "Disagree", "Strongly disagree"):
        assert name in answers


def test_the_heatmap_groups_segments_by_dimension_and_names_them(runs: Runs) -> None:
    page = get(runs, f"/drivers/{runs.published}/listening")
    heat = page.partition('class="heat"')[2].partition("</table>")[0]

    groups = [text_of(name) for name in re.findall(r'<th scope="colgroup".*?</th>', heat)]
    assert groups[0] == "Total"
    assert set(groups[1:]) <= {"Region", "Tier", "Partner type"}
    assert len(re.findall(r"<tr", heat.partition("<tbody>")[2])) == 10
    assert heat.count('class="on"') == 1
    assert "Scroll sideways to see every segment." in text_of(page)
    assert re.search(r"Lowest \d+ \(.+?\), highest \d+ \(.+?\)\.", text_of(page))


def test_a_segment_of_the_address_is_kept_by_links_and_pickers(runs: Runs) -> None:
    page = get(runs, f"/drivers/{runs.published}/listening?segment=tier:silver")
    assert "Only partners of: Tier: Silver." in text_of(page)
    assert '<option value="tier:silver" selected>' in page

    client = runs.site.client()
    query = f"run={runs.published}&was={runs.published}&driver=incentives&segment=tier:silver"
    chosen = client.get(f"/drivers/choose?{query}")
    assert chosen.headers["Location"] == f"/drivers/{runs.published}/incentives?segment=tier:silver"
    other = client.get(f"/drivers/choose?run={runs.before}&was={runs.published}&segment=tier:x")
    assert other.headers["Location"] == f"/drivers/{runs.before}"


def test_few_answers_carry_their_tag(runs: Runs) -> None:
    page = get(runs, f"/drivers/{runs.published}/listening")
    small = get(runs, f"/drivers/{runs.identified}/listening")

    assert "Few answers. Treat as a hint." in text_of(page), "the staff of ten"
    assert "Few answers. Treat as a hint." in text_of(small)
    assert '<span class="few" aria-hidden="true">*</span>' in page


def test_a_hidden_driver_says_why_and_shows_no_number(runs: Runs) -> None:
    page = text_of(get(runs, f"/drivers/{runs.small}/listening"))

    assert "Hidden to protect anonymity" in page
    assert "No wave has a figure that may be shown." in page
    assert "Too few answers to show shares." in page
    assert "No segment is large enough to be shown: each needs 5 answers from 3 companies" in page


def test_an_open_wave_shows_no_driver(runs: Runs) -> None:
    for path in (f"/drivers/{runs.open}", f"/drivers/{runs.open}/listening"):
        page = text_of(get(runs, path))
        assert "Results appear when the wave closes on 25 August." in page
        assert "See who takes part" in page


def test_comments_about_a_driver_stand_below_it(runs: Runs) -> None:
    page = text_of(get(runs, f"/drivers/{runs.published}/monitoring"))

    assert "Mentions: negative 18, mixed 0, neutral 0, positive 0." in page
    assert "All comments about it" in page
    quiet = text_of(get(runs, f"/drivers/{runs.published}/incentives"))
    assert "Nobody wrote about it in this wave." in quiet


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/overview/{run}", 15),
        ("/overview/{run}?segment=tier:silver", 15),
        ("/drivers/{run}", 15),
        ("/drivers/{run}/listening", 25),
        ("/drivers/{run}/listening?segment=tier:silver", 25),
        ("/comments/{run}", 19),
        ("/comments/{run}?label=negative&driver=monitoring", 19),
    ],
)
def test_a_page_needs_few_statements_however_much_it_shows(
    runs: Runs, path: str, most: int
) -> None:
    get(runs, path.format(run=runs.published))
    with counted(runs) as seen:
        get(runs, path.format(run=runs.published))

    assert len(seen) <= most, "\n".join(seen)
    assert len(set(seen)) >= len(seen) - 6, "the same statement again and again"


def test_statements_do_not_grow_with_waves_drivers_segments_or_comments(runs: Runs) -> None:
    """Of two published waves one has a predecessor, the other has none."""
    sizes = {}
    for run_id in (runs.before, runs.published):
        for path in runs.paths(run_id):
            get(runs, path)
            with counted(runs) as seen:
                get(runs, path)
            sizes[path] = len(seen)

    for first, second in zip(runs.paths(runs.before), runs.paths(runs.published), strict=True):
        assert sizes[second] - sizes[first] <= 2, (first, sizes)
