"""What staff predicted, as the statistics read it: one statement, no names.

Which figures may be made of it is decided in calibration_page.py and calibration.py.
"""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.calibration import Prediction
from surveys.models import Invitation
from surveys.models import Prediction as StoredPrediction


def predictions_of_waves(
    session: Session, wave_ids: Iterable[int]
) -> dict[int, tuple[Prediction, ...]]:
    """Every prediction given in these staff waves, by wave; a person is known by a number alone."""
    rows = session.execute(
        select(
            Invitation.wave_id,
            StoredPrediction.invitation_id,
            StoredPrediction.driver_code,
            StoredPrediction.score,
            StoredPrediction.margin,
        )
        .join(Invitation, Invitation.id == StoredPrediction.invitation_id)
        .where(Invitation.wave_id.in_(list(wave_ids)))
        .order_by(StoredPrediction.invitation_id, StoredPrediction.driver_code)
    )
    found: dict[int, list[Prediction]] = defaultdict(list)
    for row in rows:
        prediction = Prediction(row.invitation_id, row.driver_code, row.score, row.margin)
        found[row.wave_id].append(prediction)
    return {wave_id: tuple(predictions) for wave_id, predictions in found.items()}
