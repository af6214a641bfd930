"""What stands beside the surveys: the orders of partners, and the two actions that were done."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from analysis.demo.people import Cast
from analysis.demo.surveys import ZONE
from analysis.demo.writing import moment, write
from analysis.simulator import MAIL_MINUTE, Action, Workspace
from surveys.models import Action as StoredAction
from surveys.models import Wave
from surveys.terms import ActionStatus

CENTS = Decimal(100)
PUBLISHED_AFTER = timedelta(days=3)

#: What partners had said, and what became of it, as the list 'you said, we did' has it.
_TEXTS = {
    "direct-sales-desk": {
        "en": {
            "said": "The rules on selling direct exist, but they are not kept.",
            "did": "A direct-sales desk: every deal with an integrator's customer goes through it.",
        },
        "pl": {
            "said": "Zasady sprzedaży bezpośredniej są, ale nikt ich nie przestrzega.",
            "did": "Zespół do spraw sprzedaży bezpośredniej: każdy projekt u klienta integratora"
            " przechodzi przez niego.",
        },
    },
    "bonus-leaflet": {
        "en": {
            "said": "Nobody understands how the bonuses are worked out.",
            "did": "A new leaflet explains every bonus with an example.",
        },
        "pl": {
            "said": "Nikt nie rozumie, jak liczone są premie.",
            "did": "Nowa ulotka wyjaśnia każdą premię na przykładzie.",
        },
    },
}


def load_orders(session: Session, workspace: Workspace, cast: Cast) -> int:
    """Store the orders that could have been imported by the end of the two years; how many."""
    return write(session, "orders", _order_rows(workspace, cast.partners))


def load_actions(session: Session, workspace: Workspace, cast: Cast, baseline: Wave) -> None:
    """Store the actions; their baseline is the wave after which they were done."""
    for position, action in enumerate(workspace.actions, start=1):
        session.add(_action(action, position, cast, baseline))
    session.flush()


def _order_rows(workspace: Workspace, partners: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for order in workspace.orders():
        yield {
            "partner_id": partners[order.partner_id],
            "month": order.month,
            "product_line": order.product_line,
            "amount": Decimal(order.amount_cents) / CENTS,
        }


def _action(action: Action, position: int, cast: Cast, baseline: Wave) -> StoredAction:
    return StoredAction(
        survey_id=baseline.survey_id,
        wave_id=baseline.id,
        driver_code=action.driver,
        dimension=action.dimension,
        segment=action.segment,
        status=ActionStatus.DONE,
        owner_id=cast.admin_id,
        due_on=action.done_on,
        done_on=action.done_on,
        texts=_TEXTS[action.key],
        published_at=moment(action.done_on, MAIL_MINUTE, ZONE) + PUBLISHED_AFTER,
        position=position,
    )
