"""Guessing what partners will say: by one's own link; then one's own result, and a group's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from answered_waves import Fixed, Site, answer_all, new_site, run_worker
from factories import links_of, make_programme, make_survey
from results_sites import text_of
from sqlalchemy import func, select

from analysis import calibration_findings
from surveys.models import Prediction, Wave
from surveys.waves import close_run, open_run, run_of

SCORES = {"incentives": "80", "listening": "70"}


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """Twelve companies and eight of our team."""
    with new_site(sqlite_template, tmp_path) as site:
        yield site


@dataclass(frozen=True, slots=True)
class Opened:
    """A run that everybody has answered and that is still open, with everybody's links."""

    id: int
    partners: list[str]
    team: list[str]


def opened(site: Site) -> Opened:
    with site.session() as session:
        survey = make_survey(session)
        make_programme(session, companies=12, people=2, staff=8)
        session.commit()
        now = site.clock()
        run = open_run(session, survey, scheduled_at=now, keys=site.keys, now=now).run
        session.commit()
        site.clock.move(hours=1)
        answer_all(session, run, site.keys, at=site.clock(), fill=Fixed())
        assert run.internal
        partners, team = (links_of(session, site.keys, wave) for wave in run.waves)
        return Opened(run.id, partners, team)


def guess(site: Site, token: str, scores: dict[str, str] = SCORES, margin: str = "10") -> int:
    form = {f"score_{code}": score for code, score in scores.items()}
    form |= {f"margin_{code}": margin for code in scores}
    return site.app.test_client().post(f"/s/{token}/predict?lang=en", data=form).status_code


def finished(site: Site, run: Opened) -> None:
    with site.session() as session:
        now = site.clock.move(days=1)
        close_run(session, run_of(session, session.get_one(Wave, run.id)), now=now)
        session.commit()
    site.clock.move(minutes=1)
    run_worker(site.app, times=3)
    site.clients.clear()  # a day later everybody has to sign in again


def read(site: Site, address: str) -> str:
    reply = site.client().get(address)
    assert reply.status_code == 200
    return text_of(reply.text)


def test_guesses_are_offered_after_the_team_survey_and_shown_again(site: Site) -> None:
    token = opened(site).team[0]
    visitor = site.app.test_client()

    assert f"/s/{token}/predict" in visitor.get(f"/s/{token}/thanks?lang=en").text
    assert guess(site, token) == 303

    shown = visitor.get(f"/s/{token}/predict?lang=en&saved=1").text
    assert "Your guesses are saved" in text_of(shown)
    assert re.search(r'name="score_incentives" value="80"', shown)


def test_a_partner_link_has_nothing_to_guess(site: Site) -> None:
    token = opened(site).partners[0]

    assert site.app.test_client().get(f"/s/{token}/predict").status_code == 404
    assert guess(site, token) == 404
    with site.session() as session:
        assert session.scalar(select(func.count()).select_from(Prediction)) == 0


def test_a_wrong_score_is_told_at_its_field_and_nothing_is_stored(site: Site) -> None:
    token = opened(site).team[0]

    reply = site.app.test_client().post(
        f"/s/{token}/predict?lang=en",
        data={"score_incentives": "101", "margin_incentives": "10"},
    )

    assert reply.status_code == 422
    assert "Give a whole number from 0 to 100." in text_of(reply.text)
    assert 'value="101"' in reply.text
    with site.session() as session:
        assert session.scalar(select(func.count()).select_from(Prediction)) == 0


def test_five_of_the_team_make_a_group_and_nobody_is_named(site: Site) -> None:
    run = opened(site)
    tokens = run.team
    assert "Nobody of our team has guessed yet." in read(site, f"/calibration/{run.id}")
    for token in tokens[:5]:
        assert guess(site, token) == 303
    finished(site, run)

    page = read(site, f"/calibration/{run.id}")

    assert "5 people of our team have guessed." in page
    assert re.search(r"Bias [+−]\d+", page)
    assert "Over-confidence:" in page
    assert "Most overrated:" in page
    assert "@" not in page
    own = site.app.test_client().get(f"/s/{tokens[0]}/calibration?lang=en").text
    assert "On average you guessed" in text_of(own)
    assert guess(site, tokens[0], {"incentives": "10"}) != 303
    with site.session() as session:
        kept = session.scalars(
            select(Prediction).where(Prediction.driver_code == "incentives")
        ).all()
        assert {each.score for each in kept} == {80}
        assert all(each.locked_at is not None for each in kept)


def test_four_of_the_team_are_too_few_for_a_group_but_each_sees_the_own_result(
    site: Site,
) -> None:
    run = opened(site)
    tokens = run.team
    for token in tokens[:4]:
        assert guess(site, token) == 303
    finished(site, run)

    page = read(site, f"/calibration/{run.id}")

    assert "Too few guesses to show" in page
    assert not re.search(r"Bias [+−]\d+", page)
    own = site.app.test_client().get(f"/s/{tokens[0]}/calibration?lang=en").text
    assert "On average you guessed" in text_of(own)
    other = site.app.test_client().get(f"/s/{tokens[7]}/calibration?lang=en")
    assert "On average" not in text_of(other.text)


@pytest.mark.parametrize(
    ("skill", "figure", "words"),
    [
        (None, "–", "There is no wave before to compare with."),
        (0.25, "+25%", "25% closer than last wave’s scores would have been."),
        (-0.5, "−50%", "50% farther off than last wave’s scores would have been."),
        (-9.6, "11×", "11 times as far off as last wave’s scores would have been."),
    ],
)
def test_skill_is_told_in_a_figure_that_can_be_read(
    site: Site, skill: float | None, figure: str, words: str
) -> None:
    with site.app.app_context():
        assert calibration_findings.skill_figure(skill) == figure
        assert calibration_findings.skill_words(skill) == words
