"""Changes are counted from the wave before, or from an earlier one that the address names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from answered_waves import Fixed, Site, new_site, next_wave
from factories import make_programme, make_survey
from results_sites import text_of

AGREE = ((2, 2, 3), (4, 4, 5), (3, 3, 4))


@dataclass(frozen=True, slots=True)
class Three:
    """A survey with three published runs, and a run of another survey."""

    site: Site
    runs: tuple[int, int, int]
    other: int


@pytest.fixture(scope="module")
def three(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Three]:
    """Partners rose from the first wave to the second and fell back by half to the third."""
    with new_site(sqlite_template, tmp_path_factory.mktemp("compare")) as site:
        with site.session() as session:
            make_programme(session, companies=20, people=2, staff=10)
            surveys = [make_survey(session, slug=slug, name=slug) for slug in ("pulse", "other")]
            session.commit()
            found = []
            for survey, agree in [(surveys[0], each) for each in AGREE] + [(surveys[1], AGREE[0])]:
                fill = Fixed(agree=agree, staff_lift=0)
                run = next_wave(site.app, session, site.keys, site.clock, survey, fill=fill)
                found.append(run.id)
                site.clock.move(days=90)
        yield Three(site, (found[0], found[1], found[2]), found[3])


def page(three: Three, address: str) -> str:
    reply = three.site.client().get(address)
    assert reply.status_code == 200, address
    return reply.text


def test_as_a_rule_changes_are_counted_from_the_wave_before(three: Three) -> None:
    _, second, third = three.runs

    plain = text_of(page(three, f"/drivers/{third}/listening"))
    named = text_of(page(three, f"/drivers/{third}/listening?compare={second}"))

    assert re.search(r"−\d+ since 10 May 2027", plain), re.findall(r"since [^,]{,20}", plain)
    assert plain == named


def test_an_earlier_wave_that_the_address_names_takes_its_place(three: Three) -> None:
    first, _, third = three.runs

    shown = text_of(page(three, f"/drivers/{third}/listening?compare={first}"))

    assert re.search(r"\+\d+ since 8 February 2027", shown)
    assert not re.search(r"[+−]\d+ since 10 May 2027", shown)


@pytest.mark.parametrize("path", ["/overview/{}", "/drivers/{}", "/drivers/{}/listening"])
def test_what_is_not_an_earlier_wave_of_the_survey_is_not_found(three: Three, path: str) -> None:
    client = three.site.client()
    for wrong in (three.runs[2], three.other, 999, "x"):
        assert client.get(f"{path.format(three.runs[1])}?compare={wrong}").status_code == 404


def test_the_picker_leads_to_an_address_that_can_be_kept(three: Three) -> None:
    first, _, third = three.runs
    client = three.site.client()
    ask = f"/overview/choose?run={third}&was={third}&compare={first}"

    reply = client.get(ask)

    assert reply.location == f"/overview/{third}?compare={first}"
    shown = page(three, reply.location)
    assert f'value="{first}" selected' in shown
    assert f"/drivers/{third}/listening?compare={first}" in shown


def test_another_wave_drops_the_comparison(three: Three) -> None:
    first, second, third = three.runs

    reply = three.site.client().get(f"/overview/choose?run={second}&was={third}&compare={first}")

    assert reply.location == f"/overview/{second}"


def test_a_first_wave_offers_nothing_to_compare_with(three: Three) -> None:
    assert 'name="compare"' not in page(three, f"/overview/{three.runs[0]}")
    assert 'name="compare"' not in page(three, f"/overview/{three.runs[1]}")
