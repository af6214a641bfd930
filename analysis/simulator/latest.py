"""Answers of one more wave, after those of the workspace: what people would say today.

For the wave that a demo opens at the real time. Its streams are its own, so it changes nothing in
the waves before it, and nothing of it is in the truth.
Source: method of the simulator, section 8.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.simulator.answers import PartnerAnswers, StaffAnswers
from analysis.simulator.people import Colleague
from analysis.simulator.randomness import Dice, stream
from analysis.simulator.rows import Invitation, Response
from analysis.simulator.runs import Household, comment_on, partner_response, respondent
from analysis.simulator.workspace import Workspace
from analysis.simulator.worlds import EVENT_QUARTER_MONTHS

_TURNED_AWAY_WEIGHT = 0.15
"""Companies that have turned away answer seldom in this wave, too."""

_Place = tuple[Household, int]


def latest_responses(
    workspace: Workspace, contact_ids: Sequence[str], *, share: float
) -> tuple[Response, ...]:
    """What this share (0..1) of the contacts asked would send first, in the order they answer."""
    stage, month = workspace.stage, _next_month(workspace)
    places = {
        contact.external_id: (household, number)
        for household in stage.households
        for number, contact in enumerate(household.contacts)
    }
    asked = [places[contact_id] for contact_id in contact_ids]
    answering = _first(stream(stage.seed, "latest/who"), asked, month=month, share=share)
    answers = PartnerAnswers(stage.latents, workspace.waves[-1].number, is_identified=False)
    dice, moments, words = (
        stream(stage.seed, f"latest/{subject}") for subject in ("answers", "moments", "words")
    )
    rows = []
    for household, number in answering:
        contact = household.contacts[number]
        person = respondent(household.plan, household.people[number], month)
        given = answers.draw(dice, person)
        comment = comment_on(words, given, contact.language, person)
        sent = _answered(contact.external_id)
        rows.append(partner_response(moments, sent, contact.language, given, comment))
    return tuple(rows)


def latest_staff_responses(
    workspace: Workspace, contact_ids: Sequence[str], *, share: float
) -> tuple[Response, ...]:
    """What this share (0..1) of the staff asked would send first."""
    stage = workspace.stage
    colleagues = {colleague.row.external_id: colleague for colleague in stage.staff}
    dice = stream(stage.seed, "latest/staff-who")
    keys = {contact_id: dice() for contact_id in contact_ids}
    first = sorted(contact_ids, key=lambda contact_id: keys[contact_id])
    answers = StaffAnswers(stage.latents, workspace.waves[-1].number)
    draws, moments = (
        stream(stage.seed, f"latest/staff-{subject}") for subject in ("answers", "moments")
    )
    return tuple(
        _staff_response(colleagues[contact_id], answers, draws, moments)
        for contact_id in first[: round(share * len(first))]
    )


def _next_month(workspace: Workspace) -> int:
    return workspace.waves[-1].field_month + EVENT_QUARTER_MONTHS


def _first(dice: Dice, asked: Sequence[_Place], *, month: int, share: float) -> list[_Place]:
    """The earliest to answer; each place draws a time that is longer where little is likely."""
    times = [dice() / _weight(household, month) for household, _ in asked]
    order = sorted(range(len(asked)), key=lambda place: times[place])
    return [asked[place] for place in order[: round(share * len(asked))]]


def _weight(household: Household, month: int) -> float:
    leaving = household.plan.exit
    return _TURNED_AWAY_WEIGHT if leaving is not None and leaving.has_turned(month) else 1.0


def _answered(contact_id: str) -> Invitation:
    return Invitation(contact_id, "answered", 0, "invitation", None)


def _staff_response(
    colleague: Colleague, answers: StaffAnswers, draws: Dice, moments: Dice
) -> Response:
    given = answers.draw(draws, colleague.leaning)
    sent = _answered(colleague.row.external_id)
    return partner_response(moments, sent, colleague.row.language, given, None)
