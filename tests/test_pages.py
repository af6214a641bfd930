"""The frame around every page of signed-in people."""

import pytest
from factories import make_user, sign_in
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from surveys.terms import Role


def linked(client: FlaskClient, path: str) -> bool:
    """Whether the navigation of the contacts page leads there."""
    return f'<a href="{path}"' in client.get("/contacts").text


@pytest.mark.parametrize("path", ["/waves", "/questionnaires"])
@pytest.mark.parametrize("role", list(Role))
def test_the_navigation_leads_only_where_a_role_may_go(
    session: Session, client: FlaskClient, role: Role, path: str
) -> None:
    make_user(session, role=role)
    session.commit()
    sign_in(client)

    assert linked(client, path) == (client.get(path).status_code == 200)


def test_a_manager_is_led_to_the_waves(session: Session, client: FlaskClient) -> None:
    make_user(session, role=Role.MANAGER)
    session.commit()
    sign_in(client)

    assert linked(client, "/waves")
