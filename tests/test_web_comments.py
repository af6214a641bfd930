"""The page of comments: filters in the address, names left out, and when there is no list."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from results_sites import Runs, results_site, text_of


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state; these tests only read."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("comments")) as runs:
        yield runs


def get(runs: Runs, query: str = "", run_id: int | None = None) -> str:
    """The comments of a run; by default of the published one."""
    reply = runs.site.client().get(f"/comments/{run_id or runs.published}{query}")
    assert reply.status_code == 200
    return reply.text


def quotes(page: str) -> list[str]:
    """The comments of a page as they are read."""
    found = re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", page, flags=re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", quote)) for quote in found]


def counts(page: str) -> dict[str, int]:
    """How many comments the tabs announce, by name."""
    tabs = page.partition('<nav class="seg')[2].partition("</nav>")[0]
    return {
        name.strip(): int(number)
        for name, number in re.findall(r">([^<>]+)<span class=\"num\">(\d+)<", tabs)
    }


def test_all_comments_are_listed_page_by_page(runs: Runs) -> None:
    first, second = get(runs), get(runs, "?page=2")

    assert "44 comments" in text_of(first)
    assert (len(quotes(first)), len(quotes(second))) == (25, 19)
    assert "Page 1 of 2" in text_of(first)
    assert quotes(get(runs, "?page=99")) == quotes(second)
    assert quotes(get(runs, "?page=x")) == quotes(first)
    assert "No dates and no segments, so that nobody can be recognised." in text_of(first)


def test_tabs_count_and_narrow_by_sentiment(runs: Runs) -> None:
    tabs = counts(get(runs))

    assert tabs == {
        "All": 44,
        "Negative": 9,
        "Mixed": 9,
        "Neutral": 9,
        "Positive": 9,
        "Unsure": 8,
        "To follow up": 0,
    }
    negative = get(runs, "?label=negative")
    assert set(quotes(negative)) == {"The portal is slow and nobody answers."}
    assert len(quotes(negative)) == 9
    assert counts(negative) == tabs


def test_filters_work_together_and_stand_in_the_address(runs: Runs) -> None:
    page = get(runs, "?driver=channel_people&q=ZESPOL")

    assert set(quotes(page)) == {"Zespół jest życzliwy, ale portal slow."}
    assert 'value="ZESPOL"' in page
    assert (
        f'href="/comments/{runs.published}?label=mixed&amp;driver=channel_people&amp;q=ZESPOL"'
        in page
    )
    assert "Clear filters" in text_of(page)
    kept = runs.site.client().get(
        f"/comments/choose?run={runs.before}&label=mixed&driver=channel_people&q=x&exit=&page=3"
    )
    assert (
        kept.headers["Location"] == f"/comments/{runs.before}?label=mixed&driver=channel_people&q=x"
    )


def test_quiet_exit_wording_is_tagged_and_found(runs: Runs) -> None:
    page = get(runs, "?exit=1")

    assert set(quotes(page)) == {"We now lead with another brand."}
    assert '<mark class="exit">another brand</mark>' in page
    assert "Quiet-exit wording" in text_of(page)


def test_a_filter_that_fits_nothing_offers_the_way_back(runs: Runs) -> None:
    page = text_of(get(runs, "?q=nowhere"))

    assert "No comment fits." in page
    assert "Clear filters" in page


def test_evidence_is_marked_and_names_are_removed(runs: Runs) -> None:
    page = get(runs)

    assert '<mark class="neg drv">slow</mark>' in page
    assert '<mark class="pos drv">helpful</mark>' in page
    assert "Ask [Name removed], hm." in quotes(page)
    assert "Kowalski" not in page


def test_marked_words_are_named_for_those_who_cannot_see_marks(runs: Runs) -> None:
    page = get(runs, "?label=mixed")
    reasons = text_of(page.partition('<details class="why">')[2].partition("</details>")[0])
    no_reason = text_of(get(runs, "?label=unsure"))

    assert reasons == (
        "Why this rating Mixed życzliwy , slow"
        " 4 Channel sales talent życzliwy 10 Constant monitoring slow"
    )
    assert "No single words led to it." in no_reason
    assert "another brand" in text_of(get(runs, "?exit=1").partition('class="why"')[2])


def test_the_language_of_a_comment_is_declared(runs: Runs) -> None:
    page = get(runs, "?driver=channel_people&label=mixed")

    assert '<blockquote lang="pl" dir="auto">' in page
    assert "In Polish" in text_of(page)


def test_comments_of_the_team_are_a_list_of_their_own(runs: Runs) -> None:
    page = get(runs, "?voice=team")

    assert "10 comments of our team" in text_of(page)
    assert len(quotes(page)) == 10
    assert "voice=team" in page.partition('<nav class="seg')[2]


def test_a_language_is_a_filter_where_several_are_written(runs: Runs) -> None:
    polish = get(runs, "?language=pl&label=mixed")

    assert set(quotes(polish)) == {"Zespół jest życzliwy, ale portal slow."}
    assert '<option value="pl" selected>In Polish (9)</option>' in polish
    assert f'href="/comments/{runs.published}?language=pl"' in polish
    assert "No comment fits." in text_of(get(runs, "?language=xx"))


def test_a_segment_narrows_an_identified_list_only(runs: Runs) -> None:
    identified = get(runs, "?segment=type:reseller", run_id=runs.identified)
    published = get(runs, "?segment=type:reseller")

    assert '<option value="type:reseller" selected>' in identified
    assert "Comments carry no segment" not in text_of(identified)
    assert 'id="segment"' not in published
    assert quotes(published) == quotes(get(runs))
    assert "Comments carry no segment, so that nobody can be recognised" in text_of(published)


def test_another_wave_drops_the_segment(runs: Runs) -> None:
    choose = runs.site.client().get
    kept = choose(f"/comments/choose?run={runs.identified}&was={runs.identified}&segment=type:msp")
    dropped = choose(f"/comments/choose?run={runs.identified}&was={runs.before}&segment=type:msp")

    assert kept.headers["Location"] == f"/comments/{runs.identified}?segment=type:msp"
    assert dropped.headers["Location"] == f"/comments/{runs.identified}"


def test_too_few_comments_are_no_list(runs: Runs) -> None:
    page = text_of(get(runs, run_id=runs.small))

    assert "Comments are not shown" in page
    assert "8 comments from 3 companies, none of which wrote more than half" in page
    assert "slow" not in page


def test_an_open_wave_has_no_comments_to_read(runs: Runs) -> None:
    page = text_of(get(runs, run_id=runs.open))

    assert "No results yet" in page
    assert "slow" not in page


def test_an_identified_wave_lists_every_comment(runs: Runs) -> None:
    page = get(runs, run_id=runs.identified)

    assert len(quotes(page)) == 4
    assert "No dates and no segments" not in text_of(page)


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "{{7*7}}", '"><script>'])
def test_what_is_searched_for_is_shown_literally(runs: Runs, text: str) -> None:
    page = runs.site.client().get(f"/comments/{runs.published}", query_string={"q": text}).text

    assert text not in page.replace("&lt;", "\x00") or text == "{{7*7}}"
    assert "49" not in page.partition('id="q"')[2][:80]
