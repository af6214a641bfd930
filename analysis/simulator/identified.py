"""The small identified survey of the demo: twelve partners, twenty named answers, one wave.

Its streams are its own, so it changes nothing in the confidential survey beside it.
Source: method of the simulator, section 4 (identified surveys).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.simulator.answers import PartnerAnswers
from analysis.simulator.moments import draw_day
from analysis.simulator.randomness import Dice, stream
from analysis.simulator.rows import Invitation, Response, Wave
from analysis.simulator.runs import Household, comment_on, partner_response, respondent
from analysis.simulator.timeline import wave_in_month
from analysis.simulator.workspace import Workspace

N_PARTNERS = 12
N_TURNED_AWAY = 2
"""Of these so many have turned away, if there are, so that their answers can be read."""
N_RESPONSES = 20
FIELD_MONTH = 20

_OPENED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class IdentifiedSample:
    """The rows of the survey; partners and contacts are those of the workspace."""

    partner_ids: tuple[str, ...]
    wave: Wave
    invitations: tuple[Invitation, ...]
    responses: tuple[Response, ...]


def identified_sample(workspace: Workspace) -> IdentifiedSample:
    """Asks everybody still there at twelve partners; twenty answer, or all if fewer are asked."""
    stage = workspace.stage
    wave = wave_in_month(FIELD_MONTH, until=workspace.until)
    asked_in = max(w.number for w in workspace.waves if w.field_month <= FIELD_MONTH)
    households = _chosen(stage.seed, stage.households)
    asked = [place for place in _everybody(households) if _is_asked(place, asked_in)]
    answering = _answering(stream(stage.seed, "identified/who"), len(asked))
    days = stream(stage.seed, "identified/days")
    invitations = tuple(
        _invitation(days, household.contacts[number].external_id, answers=place in answering)
        for place, (household, number) in enumerate(asked)
    )
    return IdentifiedSample(
        partner_ids=tuple(household.plan.partner_id for household in households),
        wave=wave,
        invitations=invitations,
        responses=tuple(_responses(workspace, asked, invitations, asked_in)),
    )


Place = tuple[Household, int]


def _chosen(seed: int, households: Sequence[Household]) -> list[Household]:
    dice = stream(seed, "identified/partners")
    keys = [dice() for _ in households]
    order = sorted(range(len(households)), key=lambda index: keys[index])
    turned = [index for index in order if _has_turned(households[index])][:N_TURNED_AWAY]
    others = [index for index in order if index not in turned]
    return [households[index] for index in sorted((turned + others)[:N_PARTNERS])]


def _has_turned(household: Household) -> bool:
    leaving = household.plan.exit
    return leaving is not None and leaving.has_turned(FIELD_MONTH)


def _everybody(households: Sequence[Household]) -> Iterator[Place]:
    for household in households:
        for number in range(len(household.people)):
            yield household, number


def _is_asked(place: Place, wave: int) -> bool:
    household, number = place
    person = household.people[number]
    has_left = person.left_before_wave is not None and person.left_before_wave <= wave
    stopped = person.opted_out_in_wave
    has_stopped = stopped is not None and stopped <= wave
    return person.joined_before_wave <= wave and not has_left and not has_stopped


def _answering(dice: Dice, n_asked: int) -> frozenset[int]:
    keys = [dice() for _ in range(n_asked)]
    return frozenset(sorted(range(n_asked), key=lambda place: keys[place])[:N_RESPONSES])


def _invitation(dice: Dice, contact_id: str, *, answers: bool) -> Invitation:
    drawn, (channel, day) = dice(), draw_day(dice)
    if answers:
        return Invitation(contact_id, "answered", day, channel, None)
    if drawn < _OPENED_SHARE:
        return Invitation(contact_id, "opened", day, channel, None)
    return Invitation(contact_id, "silent", None, None, None)


def _responses(
    workspace: Workspace,
    asked: Sequence[Place],
    invitations: Sequence[Invitation],
    asked_in: int,
) -> Iterator[Response]:
    stage = workspace.stage
    answers = PartnerAnswers(stage.latents, asked_in, is_identified=True)
    dice, moments, words = (
        stream(stage.seed, f"identified/{subject}") for subject in ("answers", "moments", "words")
    )
    for (household, number), invitation in zip(asked, invitations, strict=True):
        if invitation.state == "answered":
            person = respondent(household.plan, household.people[number], FIELD_MONTH)
            language = household.contacts[number].language
            given = answers.draw(dice, person)
            comment = comment_on(words, given, language, person)
            yield partner_response(moments, invitation, language, given, comment)
