"""What partners may see of the results, behind their own link."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from answered_waves import Site
from results_sites import Runs, results_site, text_of
from sqlalchemy import func, select, update

from analysis.models import PublishedCell
from analysis.partner_results import partner_results
from analysis.shown_figures import WaveFigures
from surveys.invitations import answer_token
from surveys.models import Invitation, OutgoingMail, Wave
from surveys.terms import Audience, MailKind, ResultsTo
from surveys.waves import run_by_id


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with results_site(sqlite_template, tmp_path_factory.mktemp("partner_results")) as found:
        yield found


def links(site: Site, wave_id: int) -> list[str]:
    with site.session() as session:
        ids = session.scalars(
            select(Invitation.id).where(Invitation.wave_id == wave_id).order_by(Invitation.id)
        ).all()
    return [answer_token(site.keys, each, 1) for each in ids]


def send_to(site: Site, wave_id: int, whom: ResultsTo) -> None:
    with site.session() as session:
        session.execute(update(Wave).where(Wave.id == wave_id).values(results_to=whom.value))
        session.commit()


def page(site: Site, token: str, language: str = "en") -> tuple[int, str]:
    reply = site.app.test_client().get(f"/s/{token}/results?lang={language}")
    return reply.status_code, text_of(reply.text)


def test_partners_see_how_many_answered_and_how_many_agree(runs: Runs) -> None:
    send_to(runs.site, runs.published, ResultsTo.PARTICIPANTS)

    status, text = page(runs.site, links(runs.site, runs.published)[0])

    assert status == 200
    assert "44 people answered." in text
    assert "at least 5 people from at least 3 companies" in text
    assert "95% confidence:" in text
    assert text.count("%") > 20


def test_every_share_is_one_of_the_frozen_ones(runs: Runs) -> None:
    send_to(runs.site, runs.published, ResultsTo.PARTICIPANTS)
    with runs.site.session() as session:
        cells = session.scalars(
            select(PublishedCell).where(
                PublishedCell.wave_id == runs.published, PublishedCell.dimension == ""
            )
        ).all()
        frozen = {
            f"{round(100 * cell.figures['favourable']['value'])}%"
            for cell in cells
            if cell.figures and cell.figures.get("favourable")
        }

    _, text = page(runs.site, links(runs.site, runs.published)[0])
    shown = {word for word in text.split() if word.endswith("%") and word != "95%"}
    limits = {
        word for before, word in zip(text.split(), text.split()[1:], strict=False) if before == "to"
    }
    limits |= {
        word
        for before, word in zip(text.split(), text.split()[1:], strict=False)
        if before == "confidence:"
    }

    assert frozen
    assert frozen & shown
    assert shown - limits <= frozen


def test_no_word_of_a_comment_or_a_manager_stands_on_the_page(runs: Runs) -> None:
    send_to(runs.site, runs.published, ResultsTo.INVITED)

    _, text = page(runs.site, links(runs.site, runs.published)[0])

    for word in ("portal", "Kowalski", "Partner 1", "gold", "another brand"):
        assert word not in text


def test_a_wave_that_hides_everything_says_so_without_a_number(runs: Runs) -> None:
    send_to(runs.site, runs.small, ResultsTo.INVITED)

    status, text = page(runs.site, links(runs.site, runs.small)[0])

    assert status == 200
    assert "Too few people answered" in text
    assert "confidence" not in text


def test_the_page_speaks_the_language_of_its_address(runs: Runs) -> None:
    send_to(runs.site, runs.published, ResultsTo.INVITED)

    reply = runs.site.app.test_client().get(
        f"/s/{links(runs.site, runs.published)[0]}/results?lang=pl"
    )

    assert '<html lang="pl">' in reply.text


@pytest.mark.parametrize("whom", [None, ResultsTo.NOBODY])
def test_results_that_are_mailed_to_nobody_are_shown_to_nobody(
    runs: Runs, whom: ResultsTo | None
) -> None:
    with runs.site.session() as session:
        value = whom.value if whom else None
        session.execute(update(Wave).where(Wave.id == runs.published).values(results_to=value))
        session.commit()

    assert page(runs.site, links(runs.site, runs.published)[0])[0] == 404


def test_results_for_those_who_took_part_are_shown_to_them_alone(runs: Runs) -> None:
    send_to(runs.site, runs.published, ResultsTo.PARTICIPANTS)
    token, silent = links(runs.site, runs.published)[:2]
    with runs.site.session() as session:
        own = session.scalars(
            select(Invitation).where(Invitation.wave_id == runs.published).order_by(Invitation.id)
        ).all()[1]
        answered_on, own.answered_on = own.answered_on, None
        session.commit()
        invitation_id = own.id
        session.commit()

    assert page(runs.site, token)[0] == 200
    assert page(runs.site, silent)[0] == 404
    with runs.site.session() as session:
        session.get_one(Invitation, invitation_id).answered_on = answered_on
        session.commit()


def test_an_open_an_identified_and_a_staff_wave_have_no_page(runs: Runs) -> None:
    with runs.site.session() as session:
        internal = run_by_id(session, runs.published).internal
        assert internal
        staff = internal.id
    for wave_id in (runs.open, runs.identified, staff):
        send_to(runs.site, wave_id, ResultsTo.INVITED)
        assert page(runs.site, links(runs.site, wave_id)[0])[0] == 404


def test_an_unknown_link_has_no_page(runs: Runs) -> None:
    assert page(runs.site, "A" * 22)[0] == 404


def test_the_worker_mails_published_results_to_those_who_took_part(runs: Runs) -> None:
    with runs.site.session() as session:
        kinds = session.scalar(
            select(func.count()).where(
                OutgoingMail.wave_id == runs.before, OutgoingMail.kind == MailKind.RESULTS
            )
        )

    assert kinds == 44


def test_figures_that_are_not_frozen_are_refused() -> None:
    live = WaveFigures(1, Audience.PARTNER, False, {}, {})

    with pytest.raises(ValueError, match="not frozen"):
        partner_results(live, drivers=[], statements={})


def test_a_link_that_takes_no_answers_any_more_leads_to_the_results(runs: Runs) -> None:
    token = links(runs.site, runs.published)[0]
    visitor = runs.site.app.test_client()
    send_to(runs.site, runs.published, ResultsTo.PARTICIPANTS)
    shown = visitor.get(f"/s/{token}?lang=en")
    send_to(runs.site, runs.published, ResultsTo.NOBODY)
    not_shown = visitor.get(f"/s/{token}?lang=en")

    assert f'href="/s/{token}/results?lang=en"' in shown.text
    assert "/results" not in not_shown.text


def test_results_are_promised_only_where_they_will_be_mailed(runs: Runs) -> None:
    promise = "Later we will send you the results"
    visitor = runs.site.app.test_client()
    said = {
        wave_id: promise in visitor.get(f"/s/{links(runs.site, wave_id)[0]}/thanks?lang=en").text
        for wave_id in (runs.open, runs.identified)
    }

    assert said == {runs.open: True, runs.identified: False}
