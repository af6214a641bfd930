"""The schema: the same from models and migrations on both databases, and refusing what it must."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from factories import MONDAY, make_settings, make_user, open_survey
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import (
    Date,
    DateTime,
    Engine,
    LargeBinary,
    Table,
    create_engine,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase

from analysis.models import PublishedCell
from app import create_app
from surveys.audit import record_event
from surveys.config import ROOT
from surveys.db import Base, db
from surveys.invitations import LinkKeys
from surveys.models import (
    Action,
    Alert,
    AnonymousResponse,
    Answer,
    AuditEvent,
    Comment,
    CommentAuthor,
    Contact,
    Draft,
    Exclusion,
    InboxResponse,
    Invitation,
    MailEvent,
    OutgoingMail,
    Prediction,
    RadarMark,
    Response,
    Suppression,
    SurveyVersion,
    ThreadMessage,
    User,
    Wave,
)
from surveys.terms import Mode

HOUR = timedelta(hours=1)


def schema(engine: Engine) -> dict[str, Any]:
    """All that the database itself knows of the schema, apart from Alembic's own table."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.execute(
                text("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            ).all()
            return {
                f"{row.type} {row.name}": _tidy(row.sql)
                for row in rows
                if not row.name.startswith(("sqlite_", "alembic_"))
            }
        found = {
            f"{kind} {name}": definition
            for kind, query in POSTGRESQL_SCHEMA.items()
            for name, definition in connection.execute(text(query)).all()
        }
        return {name: value for name, value in found.items() if "alembic_version" not in name}


POSTGRESQL_SCHEMA = {
    "column": "SELECT table_name || '.' || column_name, data_type || ' ' || is_nullable || ' '"
    " || coalesce(character_maximum_length, 0) || ' ' || coalesce(column_default, '')"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "constraint": "SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "index": "SELECT tablename || ' ' || indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public'",
    "trigger": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "function": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}


def _tidy(sql: str) -> str:
    """One spelling for one table: quotes, white space and order of the two ways to make it."""
    plain = re.sub(r"\s+", " ", sql.replace('"', "")).replace("( ", "(").replace(" )", ")")
    table = re.fullmatch(r"(CREATE TABLE \w+) ?\((.*)\)(.*)", plain)
    if table is None:
        return plain
    return f"{table[1]} {sorted(part.strip() for part in table[2].split(', '))}{table[3]}"


def without_guards(found: dict[str, Any]) -> dict[str, Any]:
    """Triggers are the migrations' own; models cannot say them."""
    return {
        name: value
        for name, value in found.items()
        if not name.startswith(("trigger ", "function "))
    }


def test_there_is_one_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))

    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_the_migrated_schema_is_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_and_models_make_the_same_database_down_to_checks_and_indexes(
    engine: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if engine.dialect.name == "sqlite":
        own = create_engine(f"sqlite:///{tmp_path / 'models.db'}")
    else:
        name = f"models_{secrets.token_hex(4)}"
        own = create_engine(request.getfixturevalue("postgres").create_database(name))
    Base.metadata.create_all(own)
    try:
        assert without_guards(schema(own)) == without_guards(schema(engine))
    finally:
        own.dispose()


def test_going_down_to_nothing_and_up_again_leaves_the_same_schema(
    app: Flask, engine: Engine
) -> None:
    before = schema(engine)

    with app.app_context():
        downgrade(revision="base")
        assert schema(engine) == {}
        upgrade()

    assert schema(engine) == before


def test_the_command_makes_the_schema_from_an_empty_folder(tmp_path: Path) -> None:
    app = create_app(make_settings(f"sqlite:///{tmp_path / 'new.db'}", tmp_path))
    with app.app_context():
        upgrade()
        assert len(inspect(db.engine).get_table_names()) == len(Base.metadata.tables) + 1
        db.engine.dispose()


# Anonymity


ANONYMOUS_TABLES = ("response_inbox", "anonymous_responses", "comments")
PEOPLE = {"invitations", "contacts", "partners", "outgoing_mails", "responses"}


@pytest.mark.parametrize("name", ANONYMOUS_TABLES)
def test_no_key_leads_from_an_anonymous_answer_to_a_person(engine: Engine, name: str) -> None:
    inspector = inspect(engine)
    reached: set[str] = set()
    waiting = [name]
    while waiting:
        table = waiting.pop()
        reached.add(table)
        keys = inspector.get_foreign_keys(table)
        waiting += [key["referred_table"] for key in keys if key["referred_table"] not in reached]

    assert reached & PEOPLE == set()


@pytest.mark.parametrize("name", ANONYMOUS_TABLES)
def test_an_anonymous_answer_has_no_instant_and_no_sequence(engine: Engine, name: str) -> None:
    inspector = inspect(engine)
    columns = {column["name"]: column for column in inspector.get_columns(name)}

    assert inspector.get_pk_constraint(name)["constrained_columns"] == ["id"]
    assert isinstance(columns["id"]["type"], LargeBinary)
    assert not any(isinstance(each["type"], Date | DateTime) for each in columns.values())
    referring = {c for key in inspector.get_foreign_keys(name) for c in key["constrained_columns"]}
    numbers = {c for c, each in columns.items() if "INT" in str(each["type"]).upper()}
    assert numbers <= referring
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            made = connection.execute(
                text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}
            ).scalar()
        assert str(made).rstrip().endswith("WITHOUT ROWID")


def test_what_is_stored_of_an_anonymous_person_is_written_down() -> None:
    columns = {
        table.name: set(table.columns.keys())
        for table in Base.metadata.sorted_tables
        if table.name in ANONYMOUS_TABLES
    }

    answer = {"id", "wave_id", "mode", "profile_no", "values"}
    assert columns["anonymous_responses"] == answer
    assert columns["response_inbox"] == answer | {"locale", "comments"}
    assert columns["comments"] == {"id", "wave_id", "question_id", "text", "locale", "thread_hash"}


# What the database refuses by itself


@dataclass(frozen=True, slots=True)
class Things:
    """Rows to copy and to break: a confidential and an anonymous wave, one linked response."""

    linked: Wave
    anonymous: Wave
    asked: Invitation
    asked_anonymously: Invitation
    partner_id: int
    user_id: int
    question_id: int
    driver_code: str


@pytest.fixture
def things(session: Session, keys: LinkKeys) -> Things:
    linked = open_survey(session, keys).partner
    anonymous = open_survey(session, keys, mode=Mode.ANONYMOUS, companies=6).partner
    user = make_user(session)
    asked = session.scalars(select(Invitation).where(Invitation.wave_id == linked.id)).first()
    other = session.scalars(select(Invitation).where(Invitation.wave_id == anonymous.id)).first()
    assert asked
    assert other
    assert asked.partner_id
    question = session.execute(
        text("SELECT id, driver_code FROM questions WHERE driver_code IS NOT NULL ORDER BY id")
    ).first()
    assert question
    found = Things(
        linked, anonymous, asked, other, asked.partner_id, user.id, question[0], question[1]
    )
    _store_one_response(session, found)
    session.commit()
    return found


def _store_one_response(session: Session, things: Things) -> None:
    session.add_all(
        [
            Response(
                id=things.asked.id,
                mode=things.asked.mode,
                locale="en",
                channel="email",
                started_at=MONDAY,
                submitted_at=MONDAY,
            ),
            Comment(
                id=b"c" * 16,
                wave_id=things.linked.id,
                question_id=things.question_id,
                text="Slow.",
                locale="en",
            ),
            Draft(
                invitation_id=things.asked.id,
                mode=things.asked.mode,
                values={},
                locale="en",
                channel="email",
                started_at=MONDAY,
                saved_at=MONDAY,
            ),
            MailEvent(kind="bounce", source="imap", source_key="1:1", created_at=MONDAY),
        ]
    )
    session.flush()
    session.add_all(
        [
            Answer(response_id=things.asked.id, question_id=things.question_id, value=4),
            CommentAuthor(
                comment_id=b"c" * 16, response_id=things.asked.id, question_id=things.question_id
            ),
            PublishedCell(
                wave_id=things.linked.id,
                metric="nps",
                dimension="",
                segment="",
                state="exact",
                n=9,
                n_companies=5,
                value=12.0,
            ),
            InboxResponse(
                id=b"i" * 16,
                wave_id=things.anonymous.id,
                mode="anonymous",
                profile_no=0,
                locale="en",
                values={},
                comments={},
            ),
            AnonymousResponse(
                id=b"a" * 16, wave_id=things.anonymous.id, mode="anonymous", profile_no=0, values={}
            ),
        ]
    )
    for survey_id in (None, things.linked.survey_id):
        session.add(
            Suppression(
                email_hash=b"h" * 32,
                survey_id=survey_id,
                reason="opt_out",
                source="page",
                created_at=MONDAY,
            )
        )
    record_event(session, "a", actor="x", now=MONDAY)
    record_event(session, "b", actor="x", now=MONDAY)
    session.flush()


Refusal = tuple[str, UpdateBase, str]


def copy(session: Session, model: Any, **changes: Any) -> UpdateBase:
    """Insert the first row of a table once more, with some values changed."""
    table: Table = model.__table__
    row = session.execute(select(table).limit(1)).mappings().one()
    session.rollback()
    return insert(table).values({**row, **changes})


def change(model: Any, key: Any, **values: Any) -> UpdateBase:
    return update(model).where(model.__mapper__.primary_key[0] == key).values(**values)


def doubles(s: Session, t: Things) -> Iterator[Refusal]:
    """Everything that exists once."""
    yield "invitation", copy(s, Invitation, id=9001, token_hash=b"1"), "uq_invitations_contact_id"
    yield (
        "link",
        copy(s, Invitation, id=9001, wave_id=t.linked.id, contact_id=None),
        "uq_invitations_token_hash",
    )
    yield "response", copy(s, Response), "pk_responses"
    yield "draft", copy(s, Draft), "pk_drafts"
    yield "answer", copy(s, Answer), "pk_answers"
    yield "wave", copy(s, Wave, id=9001, number=77), "uq_waves_survey_id_audience_scheduled_at"
    yield (
        "wave number",
        copy(s, Wave, id=9001, scheduled_at=MONDAY - HOUR),
        "uq_waves_survey_id_audience_number",
    )
    yield "mail", copy(s, OutgoingMail, id=9001, message_id="<x@y>"), "uq_outgoing_mails_invitation"
    yield (
        "Message-ID",
        copy(s, OutgoingMail, id=9001, invitation_id=None),
        "uq_outgoing_mails_message_id",
    )
    yield "bounce", copy(s, MailEvent, id=9001), "uq_mail_events_source_source_key"
    yield (
        "opt-out everywhere",
        copy(s, Suppression, id=9001, survey_id=None),
        "uq_suppressions_everywhere",
    )
    yield (
        "opt-out of a survey",
        copy(s, Suppression, id=9001, survey_id=t.linked.survey_id),
        "uq_suppressions_survey",
    )
    draft = {"published_at": None, "published_by_id": None}
    yield "address", copy(s, Contact, id=9001, preferences_hash=None), "uq_contacts_email_hash"
    yield "user", copy(s, User, id=9001), "uq_users_email"
    yield "version", copy(s, SurveyVersion, id=9001, **draft), "uq_survey_versions_survey_id_number"
    yield "audit fork", copy(s, AuditEvent, id=9001, hash=b"n"), "uq_audit_events_prev_hash"
    yield "audit hash", copy(s, AuditEvent, id=9001, prev_hash=b"n"), "uq_audit_events_hash"
    yield (
        "comment of an answer",
        insert(CommentAuthor).values(
            comment_id=b"d" * 16, response_id=t.asked.id, question_id=t.question_id
        ),
        "uq_comment_authors_response_id_question_id",
    )


def mixed_modes(s: Session, t: Things) -> Iterator[Refusal]:
    """Linked rows in an anonymous wave, and the reverse."""
    other = {"id": t.asked_anonymously.id}
    yield "linked response", copy(s, Response, **other, mode="anonymous"), "ck_responses_never_anon"
    yield "forged response", copy(s, Response, **other), "fk_responses_id_mode"
    other = {"invitation_id": t.asked_anonymously.id}
    yield "linked draft", copy(s, Draft, **other, mode="anonymous"), "ck_drafts_never_anonymous"
    yield "forged draft", copy(s, Draft, **other), "fk_drafts_invitation_id_mode"
    for name, model in (
        ("response_inbox", InboxResponse),
        ("anonymous_responses", AnonymousResponse),
    ):
        row = {"id": b"n" * 16, "wave_id": t.linked.id}
        yield name, copy(s, model, **row), f"fk_{name}_wave_id_mode"
        forged = copy(s, model, **row, mode="confidential")
        yield f"forged {name}", forged, f"ck_{name}_only_anonymous"
        foreign = copy(s, model, id=b"n" * 16, profile_no=999)
        yield f"foreign profile in {name}", foreign, f"fk_{name}_wave_id_profile_no"
    yield (
        "mode of a wave with invitations",
        change(Wave, t.linked.id, mode="anonymous"),
        "fk_invitations_wave_id_mode",
    )
    yield (
        "mode of an invitation",
        change(Invitation, t.asked_anonymously.id, mode="confidential"),
        "fk_invitations_wave_id_mode",
    )
    yield (
        "foreign profile",
        change(Invitation, t.asked.id, profile_no=999),
        "fk_invitations_wave_id_profile_no",
    )
    for mark in ("opened_on", "started_on"):
        yield (
            f"anonymous {mark}",
            change(Invitation, t.asked_anonymously.id, **{mark: MONDAY.date()}),
            "ck_invitations_anonymous_has_no_marks",
        )
    waiting = "ck_invitations_waiting_is_anonymous"
    yield "linked waiting", change(Invitation, t.asked.id, is_waiting=True), waiting
    yield "unanswered waiting", change(Invitation, t.asked_anonymously.id, is_waiting=True), waiting


def values_out_of_bounds(s: Session, t: Things) -> Iterator[Refusal]:
    """Thresholds, times, states and pairs."""
    for values in (
        {"min_people": 3},
        {"min_companies": 2},
        {"max_share_pct": 51},
        {"min_comments": 7},
    ):
        floor = "ck_waves_thresholds_not_under_floor"
        yield f"threshold {values}", change(Wave, t.linked.id, **values), floor
    order = "ck_waves_times_in_order"
    yield "closes at once", change(Wave, t.linked.id, closes_at=MONDAY), order
    yield "grace before the close", change(Wave, t.linked.id, grace_until=MONDAY), order
    held = "ck_outgoing_mails_held_iff_owner"
    yield "claim without owner", _mails(state="claimed", lease_until=MONDAY), held
    yield "claim without lease", _mails(state="claimed", owner="a"), held
    yield "in DATA without lease", _mails(state="in_data"), held
    yield "lease of a waiting mail", _mails(owner="a", lease_until=MONDAY), held
    sent = "ck_outgoing_mails_sent_iff_sent_at"
    yield "sent at no time", _mails(state="sent"), sent
    yield "sent and waiting", _mails(sent_at=MONDAY), sent
    for name, value in (("high", 101), ("low", -1)):
        yield f"{name} answer", update(Answer).values(value=value), "ck_answers_value_in_range"
    for name, words in (("no", ""), ("long", "x" * 5001)):
        yield f"{name} comment", update(Comment).values(text=words), "ck_comments_text_length"
    yield (
        "submitted before the start",
        update(Response).values(submitted_at=MONDAY - HOUR),
        "ck_responses_submitted_not_before_start",
    )
    audience = "ck_contacts_partner_iff_partner"
    yield "partner without company", update(Contact).values(partner_id=None), audience
    yield "staff of a company", update(Contact).values(partner_id=t.partner_id), audience
    yield "address without hash", update(Contact).values(email_hash=None), "ck_contacts_email_pair"
    yield "lifted by nobody", update(Suppression).values(lifted_at=MONDAY), "ck_suppressions_lifted"
    yield (
        "company named without consent",
        update(CommentAuthor).values(company_named_on=MONDAY.date()),
        "ck_comment_authors_consent_pair",
    )
    yield "half an OIDC identity", update(User).values(oidc_issuer="x"), "ck_users_oidc_pair"


def _mails(**values: Any) -> UpdateBase:
    return update(OutgoingMail).values(**values)


def unknown_words(s: Session, t: Things) -> Iterator[Refusal]:
    """Values that no enumeration has."""
    for table, column in (
        ("waves", "state"),
        ("waves", "mode"),
        ("waves", "audience"),
        ("outgoing_mails", "state"),
        ("outgoing_mails", "kind"),
        ("users", "role"),
        ("surveys", "status"),
        ("suppressions", "reason"),
        ("responses", "channel"),
        ("contacts", "audience"),
    ):
        statement = text(f"UPDATE {table} SET {column} = 'nothing'")  # noqa: S608 - our own names
        yield f"{table}.{column}", statement, f"ck_{table}_"  # type: ignore[misc] # also a statement


def later_parts(s: Session, t: Things) -> Iterator[Refusal]:
    """Rules of tables that fill up later."""
    exclusion = {"wave_id": t.linked.id, "contact_id": t.asked.contact_id, "created_at": MONDAY}
    manual = "ck_exclusions_manual_iff_author_and_note"
    yield "nobody's exclusion", insert(Exclusion).values(**exclusion, reason="manual"), manual
    author = {"reason": "suppressed", "user_id": t.user_id, "note": "x"}
    yield "author of a rule", insert(Exclusion).values(**exclusion, **author), manual
    prediction = {"invitation_id": t.asked.id, "driver_code": t.driver_code}
    for values, name in (
        ({"score": 50, "margin": 7}, "margin"),
        ({"score": 101, "margin": 5}, "score"),
    ):
        yield (
            f"prediction {name}",
            insert(Prediction).values(**prediction, **values),
            f"ck_predictions_{name}",
        )
    action = {
        "survey_id": t.linked.survey_id,
        "wave_id": t.linked.id,
        "driver_code": t.driver_code,
        "texts": {},
        "position": 1,
    }
    yield (
        "done at no time",
        insert(Action).values(**action, status="done"),
        "ck_actions_done_iff_done_on",
    )
    alert = {
        "wave_id": t.linked.id,
        "owner_id": t.user_id,
        "state": "open",
        "created_at": MONDAY,
    }
    about = "ck_alerts_about_comment_or_partner"
    yield "alert about nothing", insert(Alert).values(**alert), about
    both = {"comment_id": b"c" * 16, "partner_id": t.partner_id}
    yield "alert about both", insert(Alert).values(**alert, **both), about
    message = {"comment_id": b"c" * 16, "text": "x", "posted_on": MONDAY.date()}
    yield (
        "nobody of the vendor",
        insert(ThreadMessage).values(**message, author="vendor"),
        "ck_thread_messages_user_iff_vendor",
    )
    yield (
        "somebody else",
        insert(ThreadMessage).values(**message, author="guest"),
        "ck_thread_messages_author",
    )
    mark = {"partner_id": t.partner_id, "user_id": t.user_id, "created_at": MONDAY}
    yield (
        "endless snooze",
        insert(RadarMark).values(**mark, kind="snooze"),
        "ck_radar_marks_snooze_has_end_and_reason",
    )


def frozen_records(s: Session, t: Things) -> Iterator[Refusal]:
    """What was shown, and who did what, stay as they were."""
    hidden = {"segment": "x", "state": "hidden", "n": None, "n_companies": None, "value": None}
    cell = "ck_published_cells_hidden_"
    yield "hidden cell with n", copy(s, PublishedCell, **hidden | {"n": 4}), f"{cell}iff_no_n"
    yield "shown cell without n", copy(s, PublishedCell, segment="x", n=None), f"{cell}iff_no_n"
    yield "hidden cell without reason", copy(s, PublishedCell, **hidden), f"{cell}says_why"
    shown = hidden | {"reason": "few", "value": 3.0}
    yield "hidden cell with value", copy(s, PublishedCell, **shown), f"{cell}says_why"
    yield "cell changed", update(PublishedCell).values(value=1.0), "never change"
    yield "cell deleted", delete(PublishedCell), "never change"
    yield "event changed", update(AuditEvent).values(actor="y"), "never change"
    yield "event deleted", delete(AuditEvent), "never change"


GROUPS = (doubles, mixed_modes, values_out_of_bounds, unknown_words, later_parts, frozen_records)


def test_every_forbidden_write_is_refused_by_the_constraint_meant_for_it(
    session: Session, things: Things
) -> None:
    wrong = []
    count = 0
    for group in GROUPS:
        for name, statement, constraint in group(session, things):
            count += 1
            said = refusal(session, statement)
            if not names(constraint, said, session):
                wrong.append(f"{group.__name__}, {name}: {said or 'was taken'}")

    assert wrong == []
    assert count > 60


def refusal(session: Session, statement: UpdateBase) -> str:
    """What the database says to a write; empty when it takes it."""
    try:
        session.execute(statement)
    except DatabaseError as error:
        return str(error.orig)
    finally:
        session.rollback()
    return ""


def names(constraint: str, said: str, session: Session) -> bool:
    """Whether the refusal is the constraint's; SQLite tells keys by columns or only by kind."""
    if constraint in said:
        return True
    if session.get_bind().dialect.name != "sqlite":
        return False
    kind, _, rest = constraint.partition("_")
    if kind == "fk":
        return "FOREIGN KEY constraint failed" in said
    if kind not in ("uq", "pk") or "UNIQUE constraint failed" not in said:
        return False
    failed = re.sub(r"\W+", "_", said.partition(": ")[2])
    return "index" in said or any(word in failed for word in rest.rsplit("_", 1))


def test_a_second_draft_of_a_survey_is_refused(session: Session, things: Things) -> None:
    survey_id = things.linked.survey_id
    session.add(SurveyVersion(survey_id=survey_id, number=2))
    session.commit()

    said = refusal(session, insert(SurveyVersion).values(survey_id=survey_id, number=3))

    assert "uq_survey_versions_draft" in said or "survey_versions.survey_id" in said


def test_a_published_wave_takes_no_further_cell(session: Session, things: Things) -> None:
    late = copy(session, PublishedCell, segment="late")
    session.execute(update(Wave).values(published_at=MONDAY))
    session.commit()

    assert "the wave is published already" in refusal(session, late)


def test_an_identified_wave_is_never_published(session: Session, keys: LinkKeys) -> None:
    wave = open_survey(session, keys, mode=Mode.IDENTIFIED).partner

    said = refusal(session, change(Wave, wave.id, published_at=MONDAY))

    assert "ck_waves_identified_never_published" in said


def test_a_lifted_opt_out_makes_room_for_a_new_one(session: Session, things: Things) -> None:
    session.execute(update(Suppression).values(lifted_at=MONDAY, lifted_by_id=things.user_id))
    session.commit()

    again = copy(session, Suppression, id=9001, lifted_at=None, lifted_by_id=None)
    assert refusal(session, again) == ""


def test_erasing_a_response_takes_all_that_hangs_on_it(session: Session, things: Things) -> None:
    session.execute(delete(Comment))
    session.execute(delete(OutgoingMail))
    session.execute(delete(Invitation).where(Invitation.id == things.asked.id))
    session.commit()

    for model in (Response, Answer, Draft, CommentAuthor):
        assert session.scalars(select(model)).all() == []


def test_every_foreign_key_that_can_be_deleted_from_has_an_index(engine: Engine) -> None:
    """Else deleting one parent reads the whole child table."""
    inspector = inspect(engine)
    missing = []
    for table in Base.metadata.sorted_tables:
        begins = [tuple(i["column_names"]) for i in inspector.get_indexes(table.name)]
        begins += [tuple(u["column_names"]) for u in inspector.get_unique_constraints(table.name)]
        begins.append(tuple(inspector.get_pk_constraint(table.name)["constrained_columns"]))
        for key in inspector.get_foreign_keys(table.name):
            columns = tuple(key["constrained_columns"])
            is_deleted_from = key.get("options", {}).get("ondelete")
            first = {names[:1] for names in begins}
            if is_deleted_from and columns[:1] not in first:
                missing.append(f"{table.name}{columns}")

    assert missing == []
