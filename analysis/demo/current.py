"""The wave that is open now: opened by the ordinary operation, and answered as pages do it.

Its mails wait for the worker. It is no part of the truth: it hangs on the day on which the demo is
made.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from analysis.demo.answers import stored_values
from analysis.demo.desk import Desk
from analysis.simulator import (
    Language,
    Response,
    Workspace,
    latest_responses,
    latest_staff_responses,
)
from surveys.drafts import save_draft
from surveys.invitations import answer_token
from surveys.models import Contact, Invitation, Survey, Wave
from surveys.question_types import UNKNOWN, has_values
from surveys.questionnaires import Questionnaire, read_questionnaire
from surveys.responses import Door, Filled, mark_opened, open_door, record_response
from surveys.terms import Audience, Channel
from surveys.waves import Run, open_run

ANSWERED_SHARE = 0.40
STARTED_SHARE = 0.45
OPENED_SHARE = 0.50
"""Each includes the one before: the next 5 % have begun, the 5 % after these have looked."""
DRAFTED_QUESTIONS = 4


def open_current_run(desk: Desk, survey: Survey) -> Run:
    """Open a run now; its invitations are queued."""
    scheduled_at = desk.now.replace(microsecond=0)
    return open_run(
        desk.session, survey, scheduled_at=scheduled_at, keys=desk.keys, now=desk.now
    ).run


def answer_partly(desk: Desk, workspace: Workspace, wave: Wave) -> None:
    """Let a part of those asked in a wave answer, begin or look, as pages do it."""
    ids = _invitation_ids(desk, wave)
    make = latest_responses if wave.audience is Audience.PARTNER else latest_staff_responses
    rows = make(workspace, list(ids), share=OPENED_SHARE)
    n_answered, n_started = (round(share * len(ids)) for share in (ANSWERED_SHARE, STARTED_SHARE))
    forms = _forms(desk, wave, rows)
    for place, row in enumerate(rows):
        visit = Visit(desk, wave.audience, ids[row.contact_id], forms[row.language], row)
        if place < n_answered:
            visit.answer()
        elif place < n_started:
            visit.begin()
        else:
            visit.look()


@dataclass(frozen=True, slots=True)
class Visit:
    """One person on the survey page, by the link of the invitation."""

    desk: Desk
    audience: Audience
    invitation_id: int
    form: Questionnaire
    row: Response

    def answer(self) -> None:
        """Answer everything and send it."""
        session, row = self.desk.session, self.row
        record_response(
            session,
            self._door(),
            self.form,
            Filled(values=self._values(), texts=self._texts()),
            locale=row.language,
            channel=Channel.EMAIL,
            now=self.desk.now,
        )

    def begin(self) -> None:
        """Answer the first questions and leave."""
        first = dict(list(self._values().items())[:DRAFTED_QUESTIONS])
        save_draft(
            self.desk.session,
            self._door(),
            self.form,
            Filled(values=first),
            locale=self.row.language,
            channel=Channel.EMAIL,
            now=self.desk.now,
        )

    def look(self) -> None:
        """Open the page and leave."""
        mark_opened(self.desk.session, self._door(), now=self.desk.now)

    def _door(self) -> Door:
        return open_door(self.desk.session, answer_token(self.desk.keys, self.invitation_id, 1))

    def _values(self) -> dict[str, list[str]]:
        """Form values in the order of the page."""
        stored = stored_values(self.row, self.audience)
        return {
            item.code: [UNKNOWN if stored[item.code] is None else str(stored[item.code])]
            for item in self.form.items
            if item.code in stored
        }

    def _texts(self) -> dict[str, str]:
        comment = self.row.comment
        item = self.form.item(comment.question) if comment else None
        if comment is None or item is None:
            return {}
        return {item.comment_code if has_values(item) else item.code: comment.text}


def _invitation_ids(desk: Desk, wave: Wave) -> dict[str, int]:
    """Who was asked, by external_id."""
    rows = desk.session.execute(
        select(Contact.external_id, Invitation.id)
        .join(Invitation, Invitation.contact_id == Contact.id)
        .where(Invitation.wave_id == wave.id)
        .order_by(Invitation.id)
    )
    return {external_id: key for external_id, key in rows if external_id is not None}


def _forms(desk: Desk, wave: Wave, rows: Iterable[Response]) -> dict[Language, Questionnaire]:
    return {
        language: read_questionnaire(
            desk.session, wave.version_id, audience=wave.audience, locale=language
        )
        for language in {row.language for row in rows}
    }
