"""Plays the waves: turns what everybody did into invitations, answers and comments.

A run can be made at any time and any number of times with the same result, each from streams
of its own, so a workspace of a million responses is written wave by wave in bounded memory.
Source: method of the simulator, sections 3, 5 and 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.simulator.answers import PartnerAnswers, Respondent, StaffAnswers
from analysis.simulator.comments import (
    LEAVING_WORDS,
    LEAVING_WORDS_TURNED_AWAY,
    write_comment,
)
from analysis.simulator.companies import CompanyPlan
from analysis.simulator.memory import many_rows
from analysis.simulator.moments import draw_day, draw_moment, draw_reply
from analysis.simulator.participation import Act, Person
from analysis.simulator.people import Colleague
from analysis.simulator.randomness import Dice, stream
from analysis.simulator.rows import (
    Answers,
    BounceCause,
    Channel,
    Comment,
    Contact,
    Invitation,
    Language,
    Mode,
    Response,
    State,
    Wave,
    WaveRun,
)
from analysis.simulator.scores import LatentPlan

STAFF_ANSWERING = 0.85
_STAFF_OPENED = 0.5

# Plain numbers: reading a member of an Enum costs as much as making an invitation.
_NOT_ASKED, _SILENT, _ANSWERED = int(Act.NOT_ASKED), int(Act.SILENT), int(Act.ANSWERED)
_BOUNCE_CAUSES: dict[int, BounceCause] = {
    Act.UNKNOWN_USER: "unknown_user",
    Act.UNKNOWN_DOMAIN: "unknown_domain",
}
_STATES: dict[int, State] = {
    Act.OPENED: "opened",
    Act.BROKE_OFF: "broke_off",
    Act.OPTED_OUT: "opted_out",
    Act.ANSWERED: "answered",
}


@dataclass(frozen=True, slots=True)
class Household:
    """One company with its people and their rows, in the same order."""

    plan: CompanyPlan
    people: tuple[Person, ...]
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs are made of; `response_goal` bounds all waves together."""

    seed: int
    mode: Mode
    households: tuple[Household, ...]
    staff: tuple[Colleague, ...]
    latents: LatentPlan
    response_goal: int | None


def play_wave(stage: Stage, wave: Wave, *, at_most: int | None = None) -> WaveRun:
    """One whole wave; with `at_most`, only so many responses, the earliest days first.

    Those who would have answered later are then still silent: the wave is open.
    """
    with many_rows():
        invitations, answering = _invitations(stage, wave)
        if at_most is not None:
            answering = _answered_by_now(invitations, answering, at_most)
        staff_invitations = _staff_invitations(stage, wave)
        return WaveRun(
            wave=wave,
            invitations=tuple(invitations),
            responses=tuple(_responses(stage, wave, answering)),
            staff_invitations=staff_invitations,
            staff_responses=tuple(_staff_responses(stage, wave, staff_invitations)),
        )


@dataclass(frozen=True, slots=True)
class _Answering:
    """Somebody who answers; `place` is that of the invitation."""

    place: int
    invitation: Invitation
    household: Household
    person: Person
    contact: Contact


def _invitations(stage: Stage, wave: Wave) -> tuple[list[Invitation], list[_Answering]]:
    dice, number = stream(stage.seed, f"days/{wave.number}"), wave.number
    invitations: list[Invitation] = []
    answering: list[_Answering] = []
    for household in stage.households:
        for person, contact in zip(household.people, household.contacts, strict=True):
            act = person.acts[number]
            if act == _NOT_ASKED:
                continue
            row = _invitation(dice, contact.external_id, act)
            if act == _ANSWERED:
                answering.append(_Answering(len(invitations), row, household, person, contact))
            invitations.append(row)
    return invitations, answering


def _invitation(dice: Dice, contact_id: str, act: int) -> Invitation:
    if act == _SILENT:
        return _silent(contact_id)
    if act in _BOUNCE_CAUSES:
        return Invitation(contact_id, "bounced", 0, "invitation", _BOUNCE_CAUSES[act])
    channel, day = draw_day(dice)
    return Invitation(contact_id, _STATES[act], day, channel, None)


def _silent(contact_id: str) -> Invitation:
    return Invitation(contact_id, "silent", None, None, None)


def _answered_by_now(
    invitations: list[Invitation], answering: list[_Answering], at_most: int
) -> list[_Answering]:
    """Keeps the earliest answers, in their order, and makes the other invitations silent."""
    by_day = sorted(answering, key=_day_of)
    for row in by_day[at_most:]:
        invitations[row.place] = _silent(row.invitation.contact_id)
    return sorted(by_day[:at_most], key=_place_of)


def _day_of(row: _Answering) -> int:
    return row.invitation.day or 0


def _place_of(row: _Answering) -> int:
    return row.place


def _responses(stage: Stage, wave: Wave, answering: Sequence[_Answering]) -> Iterator[Response]:
    answers = PartnerAnswers(stage.latents, wave.number, is_identified=stage.mode == "identified")
    dice = stream(stage.seed, f"answers/{wave.number}")
    moments = stream(stage.seed, f"moments/{wave.number}")
    words = stream(stage.seed, f"comments/{wave.number}")
    for row in answering:
        person = respondent(row.household.plan, row.person, wave.field_month)
        given = answers.draw(dice, person)
        comment = comment_on(words, given, row.contact.language, person)
        yield partner_response(moments, row.invitation, row.contact.language, given, comment)


def respondent(plan: CompanyPlan, person: Person, month: int) -> Respondent:
    """What decides the answers of one person in a month."""
    has_turned = plan.exit is not None and plan.exit.has_turned(month)
    return Respondent(plan.partner_type, plan.satisfaction, person.taste, has_turned)


def comment_on(
    dice: Dice, answers: Answers, language: Language, person: Respondent
) -> Comment | None:
    """A comment on one's answers, or None."""
    leaving = LEAVING_WORDS_TURNED_AWAY if person.has_turned else LEAVING_WORDS
    return write_comment(dice, answers, language=language, leaving_words=leaving)


def partner_response(
    dice: Dice,
    invitation: Invitation,
    language: Language,
    answers: Answers,
    comment: Comment | None,
) -> Response:
    """The response of a partner contact to an invitation that was answered."""
    channel, day = _act_of(invitation)
    minute, seconds, asks_for_contact = draw_moment(dice, day)
    replied = draw_reply(dice) if asks_for_contact else None
    return Response(
        invitation.contact_id,
        language,
        channel,
        day,
        minute,
        seconds,
        answers,
        asks_for_contact,
        replied,
        comment,
    )


def _act_of(invitation: Invitation) -> tuple[Channel, int]:
    if invitation.channel is None or invitation.day is None:
        raise ValueError(f"{invitation.contact_id} did nothing in this wave")
    return invitation.channel, invitation.day


def _staff_invitations(stage: Stage, wave: Wave) -> tuple[Invitation, ...]:
    dice = stream(stage.seed, f"staff-days/{wave.number}")
    rows = []
    for colleague in stage.staff:
        drawn, (channel, day) = dice(), draw_day(dice)
        contact_id = colleague.row.external_id
        if drawn < STAFF_ANSWERING:
            rows.append(Invitation(contact_id, "answered", day, channel, None))
        elif drawn < STAFF_ANSWERING + (1 - STAFF_ANSWERING) * _STAFF_OPENED:
            rows.append(Invitation(contact_id, "opened", day, channel, None))
        else:
            rows.append(_silent(contact_id))
    return tuple(rows)


def _staff_responses(
    stage: Stage, wave: Wave, invitations: Sequence[Invitation]
) -> Iterator[Response]:
    answers = StaffAnswers(stage.latents, wave.number)
    dice = stream(stage.seed, f"staff-answers/{wave.number}")
    moments = stream(stage.seed, f"staff-moments/{wave.number}")
    for colleague, invitation in zip(stage.staff, invitations, strict=True):
        if invitation.state == "answered":
            channel, day = _act_of(invitation)
            minute, seconds, _ = draw_moment(moments, day)
            yield Response(
                invitation.contact_id,
                colleague.row.language,
                channel,
                day,
                minute,
                seconds,
                answers.draw(dice, colleague.leaning),
                asks_for_contact=False,
                contact_replied_after=None,
                comment=None,
            )
