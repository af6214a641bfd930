"""Every table of the product, and the triggers that keep records as they were."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

TABLES = (
    "audit_events",
    "drivers",
    "erasures",
    "leases",
    "rate_limits",
    "surveys",
    "users",
    "alert_rules",
    "api_keys",
    "imports",
    "partners",
    "questions",
    "schedules",
    "settings",
    "suppressions",
    "survey_versions",
    "webhooks",
    "benchmarks",
    "contacts",
    "mail_texts",
    "orders",
    "radar_marks",
    "waves",
    "webhook_deliveries",
    "wordings",
    "actions",
    "bot_hits",
    "comments",
    "exclusions",
    "published_cells",
    "radar_evaluations",
    "score_cells",
    "segment_profiles",
    "version_items",
    "wave_changes",
    "wording_texts",
    "alerts",
    "anonymous_responses",
    "comment_corrections",
    "comment_scores",
    "invitations",
    "response_inbox",
    "thread_messages",
    "comment_drivers",
    "drafts",
    "outgoing_mails",
    "predictions",
    "responses",
    "answers",
    "comment_authors",
    "contact_requests",
    "mail_events",
)

SQLITE_GUARDS = {
    "published_cells_no_update": "BEFORE UPDATE ON published_cells BEGIN"
    " SELECT RAISE(ABORT, 'published_cells never change'); END",
    "published_cells_no_delete": "BEFORE DELETE ON published_cells BEGIN"
    " SELECT RAISE(ABORT, 'published_cells never change'); END",
    "published_cells_no_late_insert": "BEFORE INSERT ON published_cells WHEN EXISTS (SELECT 1 FROM"
    " waves WHERE waves.id = NEW.wave_id AND waves.published_at IS NOT NULL) BEGIN"
    " SELECT RAISE(ABORT, 'the wave is published already'); END",
    "audit_events_no_update": "BEFORE UPDATE ON audit_events BEGIN"
    " SELECT RAISE(ABORT, 'audit_events never change'); END",
    "audit_events_no_delete": "BEFORE DELETE ON audit_events BEGIN"
    " SELECT RAISE(ABORT, 'audit_events never change'); END",
}

POSTGRESQL_FUNCTIONS = {
    "refuse_change": "BEGIN RAISE EXCEPTION '% never change', TG_TABLE_NAME; END",
    "refuse_late_cell": "BEGIN IF EXISTS (SELECT 1 FROM waves WHERE waves.id = NEW.wave_id"
    " AND waves.published_at IS NOT NULL) THEN"
    " RAISE EXCEPTION 'the wave is published already'; END IF; RETURN NEW; END",
}
POSTGRESQL_GUARDS = {
    "published_cells_no_change": (
        "BEFORE UPDATE OR DELETE ON published_cells",
        "published_cells",
        "refuse_change",
    ),
    "published_cells_no_late_insert": (
        "BEFORE INSERT ON published_cells",
        "published_cells",
        "refuse_late_cell",
    ),
    "audit_events_no_change": (
        "BEFORE UPDATE OR DELETE ON audit_events",
        "audit_events",
        "refuse_change",
    ),
}


def _guards(dialect: str) -> tuple[list[str], list[str]]:
    """Statements that make the guards, and those that take them away."""
    if dialect == "sqlite":
        make = [f"CREATE TRIGGER {name} {body}" for name, body in SQLITE_GUARDS.items()]
        return make, [f"DROP TRIGGER {name}" for name in SQLITE_GUARDS]
    functions = [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
        for name, body in POSTGRESQL_FUNCTIONS.items()
    ]
    triggers = [
        f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {function}()"
        for name, (when, _, function) in POSTGRESQL_GUARDS.items()
    ]
    drop = [f"DROP TRIGGER {name} ON {on}" for name, (_, on, _) in POSTGRESQL_GUARDS.items()]
    drop += [f"DROP FUNCTION {name}()" for name in POSTGRESQL_FUNCTIONS]
    return functions + triggers, drop


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=True),
        sa.Column("object_id", sa.Integer(), nullable=True),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_events_hash")),
        sa.UniqueConstraint("prev_hash", name=op.f("uq_audit_events_prev_hash")),
    )
    op.create_table(
        "drivers",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("names", JSON, nullable=False),
        sa.Column("is_standard", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_drivers")),
        sa.UniqueConstraint("position", name=op.f("uq_drivers_position")),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_email_hash"), "erasures", ["email_hash"], unique=False)

    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "rate_limits",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_start", name=op.f("pk_rate_limits")),
    )
    op.create_table(
        "surveys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "active",
                "archived",
                name="surveystatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "identified",
                "confidential",
                "anonymous",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("locales", JSON, nullable=False),
        sa.Column("policy", JSON, nullable=False),
        sa.Column("may_change", sa.Boolean(), nullable=False),
        sa.Column("retention_months", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
        sa.UniqueConstraint("slug", name=op.f("uq_surveys_slug")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "analyst",
                "manager",
                "viewer",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("scope", JSON, nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("oidc_issuer", sa.Text(), nullable=True),
        sa.Column("oidc_subject", sa.Text(), nullable=True),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name=op.f("ck_users_oidc_pair")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint(
            "oidc_issuer", "oidc_subject", name=op.f("uq_users_oidc_issuer_oidc_subject")
        ),
    )
    op.create_table(
        "alert_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("condition", JSON, nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("is_digest", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_alert_rules_owner_id")),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["surveys.id"], name=op.f("fk_alert_rules_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
    )
    op.create_index(op.f("ix_alert_rules_survey_id"), "alert_rules", ["survey_id"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"], unique=False)

    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "contacts",
                "orders",
                name="importkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded",
                "done",
                "cancelled",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=True),
        sa.Column("errors_csv", sa.LargeBinary(), nullable=True),
        sa.Column("mapping", JSON, nullable=True),
        sa.Column("n_rows", sa.Integer(), nullable=True),
        sa.Column("n_done", sa.Integer(), nullable=False),
        sa.Column("counts", JSON, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_imports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("size_band", sa.Text(), nullable=True),
        sa.Column("revenue_band", sa.Text(), nullable=True),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_partners_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("external_id", name=op.f("uq_partners_external_id")),
    )
    op.create_index(op.f("ix_partners_owner_id"), "partners", ["owner_id"], unique=False)
    op.create_index(op.f("ix_partners_search_key"), "partners", ["search_key"], unique=False)

    op.create_table(
        "questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("driver_code", sa.Text(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "core",
                "follow_up",
                "outcome",
                "importance",
                "screening",
                "comment",
                "contact",
                "calibration",
                "breach",
                name="questionkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "retired",
                name="questionstatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["driver_code"], ["drivers.code"], name=op.f("fk_questions_driver_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("code", name=op.f("uq_questions_code")),
    )
    op.create_index(op.f("ix_questions_driver_code"), "questions", ["driver_code"], unique=False)

    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("rule", JSON, nullable=False),
        sa.Column("local_time", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("open_days", sa.Integer(), nullable=False),
        sa.Column("grace_hours", sa.Integer(), nullable=False),
        sa.Column("reminders", JSON, nullable=False),
        sa.Column("sending", JSON, nullable=False),
        sa.Column("sample", JSON, nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["surveys.id"], name=op.f("fk_schedules_survey_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("survey_id", name=op.f("uq_schedules_survey_id")),
    )
    op.create_index(op.f("ix_schedules_next_run_at"), "schedules", ["next_run_at"], unique=False)

    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["users.id"], name=op.f("fk_settings_changed_by_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("survey_id", sa.Integer(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "opt_out",
                "hard_bounce",
                "complaint",
                "erased",
                "manual",
                name="suppressionreason",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by_id IS NULL)", name=op.f("ck_suppressions_lifted_pair")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["users.id"], name=op.f("fk_suppressions_lifted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"],
            ["surveys.id"],
            name=op.f("fk_suppressions_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
    )
    op.create_index(
        op.f("ix_suppressions_email_hash"), "suppressions", ["email_hash"], unique=False
    )
    op.create_index(op.f("ix_suppressions_survey_id"), "suppressions", ["survey_id"], unique=False)
    op.create_index(
        "uq_suppressions_everywhere",
        "suppressions",
        ["email_hash", "reason"],
        unique=True,
        sqlite_where=sa.text("survey_id IS NULL AND lifted_at IS NULL"),
        postgresql_where=sa.text("survey_id IS NULL AND lifted_at IS NULL"),
    )
    op.create_index(
        "uq_suppressions_survey",
        "suppressions",
        ["email_hash", "survey_id", "reason"],
        unique=True,
        sqlite_where=sa.text("survey_id IS NOT NULL AND lifted_at IS NULL"),
        postgresql_where=sa.text("survey_id IS NOT NULL AND lifted_at IS NULL"),
    )

    op.create_table(
        "survey_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("template_key", sa.Text(), nullable=True),
        sa.Column("sections", JSON, nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["users.id"], name=op.f("fk_survey_versions_published_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["surveys.id"], name=op.f("fk_survey_versions_survey_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_versions")),
        sa.UniqueConstraint(
            "survey_id", "number", name=op.f("uq_survey_versions_survey_id_number")
        ),
    )
    op.create_index(
        op.f("ix_survey_versions_survey_id"), "survey_versions", ["survey_id"], unique=False
    )
    op.create_index(
        "uq_survey_versions_draft",
        "survey_versions",
        ["survey_id"],
        unique=True,
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )

    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_webhooks_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "benchmarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_benchmarks_question_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benchmarks")),
    )
    op.create_index(op.f("ix_benchmarks_question_id"), "benchmarks", ["question_id"], unique=False)

    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum(
                "partner",
                "internal",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_hash", sa.LargeBinary(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("sells_now", sa.Text(), nullable=True),
        sa.Column("profile_on", sa.Date(), nullable=True),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("consent_basis", sa.Text(), nullable=True),
        sa.Column("do_not_survey_until", sa.Date(), nullable=True),
        sa.Column("preferences_hash", sa.LargeBinary(), nullable=True),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(audience = 'partner') = (partner_id IS NOT NULL)",
            name=op.f("ck_contacts_partner_iff_partner"),
        ),
        sa.CheckConstraint(
            "(email IS NULL) = (email_hash IS NULL)", name=op.f("ck_contacts_email_pair")
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"],
            ["contacts.id"],
            name=op.f("fk_contacts_merged_into_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_contacts_partner_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_contacts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("email_hash", name=op.f("uq_contacts_email_hash")),
        sa.UniqueConstraint("external_id", name=op.f("uq_contacts_external_id")),
        sa.UniqueConstraint("preferences_hash", name=op.f("uq_contacts_preferences_hash")),
        sa.UniqueConstraint("user_id", name=op.f("uq_contacts_user_id")),
    )
    op.create_index(
        op.f("ix_contacts_merged_into_id"), "contacts", ["merged_into_id"], unique=False
    )
    op.create_index(op.f("ix_contacts_partner_id"), "contacts", ["partner_id"], unique=False)
    op.create_index(op.f("ix_contacts_search_key"), "contacts", ["search_key"], unique=False)

    op.create_table(
        "mail_texts",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invitation",
                "reminder_1",
                "reminder_last",
                "thanks",
                "results",
                "staff_invitation",
                "staff_reminder",
                "password_reset",
                "test",
                name="mailkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["survey_versions.id"],
            name=op.f("fk_mail_texts_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "kind", "locale", name=op.f("pk_mail_texts")),
    )
    op.create_table(
        "orders",
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("product_line", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_orders_import_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_orders_partner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partner_id", "month", "product_line", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_import_id"), "orders", ["import_id"], unique=False)

    op.create_table(
        "radar_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("risk", sa.SmallInteger(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind <> 'snooze' OR (until_on IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_radar_marks_snooze_has_end_and_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partners.id"],
            name=op.f("fk_radar_marks_partner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_radar_marks_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_radar_marks")),
    )
    op.create_index(op.f("ix_radar_marks_partner_id"), "radar_marks", ["partner_id"], unique=False)

    op.create_table(
        "waves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum(
                "partner",
                "internal",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "identified",
                "confidential",
                "anonymous",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "open",
                "paused",
                "closed",
                "missed",
                "cancelled",
                name="wavestate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", JSON, nullable=True),
        sa.Column("dimensions", JSON, nullable=False),
        sa.Column("sample", JSON, nullable=False),
        sa.Column("min_people", sa.SmallInteger(), nullable=False),
        sa.Column("min_companies", sa.SmallInteger(), nullable=False),
        sa.Column("max_share_pct", sa.SmallInteger(), nullable=False),
        sa.Column("min_comments", sa.SmallInteger(), nullable=False),
        sa.Column("is_strict", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("cells_built_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "min_people >= 4 AND min_comments >= 8 AND (audience = 'internal' OR (min_companies >= 3 AND max_share_pct <= 50))",
            name=op.f("ck_waves_thresholds_not_under_floor"),
        ),
        sa.CheckConstraint(
            "mode <> 'identified' OR published_at IS NULL",
            name=op.f("ck_waves_identified_never_published"),
        ),
        sa.CheckConstraint(
            "opens_at < closes_at AND closes_at <= grace_until",
            name=op.f("ck_waves_times_in_order"),
        ),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_waves_survey_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["survey_versions.id"], name=op.f("fk_waves_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waves")),
        sa.UniqueConstraint("id", "mode", name=op.f("uq_waves_id_mode")),
        sa.UniqueConstraint(
            "survey_id", "audience", "number", name=op.f("uq_waves_survey_id_audience_number")
        ),
        sa.UniqueConstraint(
            "survey_id",
            "audience",
            "scheduled_at",
            name=op.f("uq_waves_survey_id_audience_scheduled_at"),
        ),
    )
    op.create_index("ix_waves_state_closes_at", "waves", ["state", "closes_at"], unique=False)
    op.create_index(op.f("ix_waves_version_id"), "waves", ["version_id"], unique=False)

    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("payload", JSON, nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("reply_code", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint(
            "webhook_id", "event_key", name=op.f("uq_webhook_deliveries_webhook_id_event_key")
        ),
    )
    op.create_table(
        "wordings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum(
                "partner",
                "internal",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "agree5",
                "nps11",
                "share11",
                "imp7",
                "one",
                "many",
                "text",
                "tick",
                name="questiontype",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("options", JSON, nullable=True),
        sa.Column("allows_unknown", sa.Boolean(), nullable=False),
        sa.Column("warnings_confirmed", JSON, nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_wordings_question_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wordings")),
        sa.UniqueConstraint(
            "question_id",
            "audience",
            "revision",
            name=op.f("uq_wordings_question_id_audience_revision"),
        ),
    )
    op.create_index(op.f("ix_wordings_question_id"), "wordings", ["question_id"], unique=False)

    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("driver_code", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "doing",
                "done",
                "failed",
                name="actionstatus",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("texts", JSON, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'done') = (done_on IS NOT NULL)", name=op.f("ck_actions_done_iff_done_on")
        ),
        sa.ForeignKeyConstraint(
            ["driver_code"], ["drivers.code"], name=op.f("fk_actions_driver_code")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_actions_owner_id")),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_actions_survey_id")),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name=op.f("fk_actions_wave_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
    )
    op.create_index(op.f("ix_actions_survey_id"), "actions", ["survey_id"], unique=False)

    op.create_table(
        "bot_hits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_bot_hits_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_hits")),
        sa.UniqueConstraint(
            "wave_id", "reason", "seen_on", name=op.f("uq_bot_hits_wave_id_reason_seen_on")
        ),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("thread_hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 5000", name=op.f("ck_comments_text_length")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_comments_question_id")
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name=op.f("fk_comments_wave_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("thread_hash", name=op.f("uq_comments_thread_hash")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_comments_question_id"), "comments", ["question_id"], unique=False)
    op.create_index(op.f("ix_comments_wave_id"), "comments", ["wave_id"], unique=False)

    op.create_table(
        "exclusions",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(reason = 'manual') = (user_id IS NOT NULL AND note IS NOT NULL)",
            name=op.f("ck_exclusions_manual_iff_author_and_note"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_exclusions_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_exclusions_user_id")),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_exclusions_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", "contact_id", name=op.f("pk_exclusions")),
    )
    op.create_index(op.f("ix_exclusions_contact_id"), "exclusions", ["contact_id"], unique=False)

    op.create_table(
        "published_cells",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "exact",
                "bound",
                "coarse",
                "hidden",
                name="cellstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("n_companies", sa.Integer(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("figures", JSON, nullable=True),
        sa.CheckConstraint(
            "(state = 'hidden') = (n IS NULL)", name=op.f("ck_published_cells_hidden_iff_no_n")
        ),
        sa.CheckConstraint(
            "state <> 'hidden' OR (reason IS NOT NULL AND value IS NULL AND figures IS NULL AND n_companies IS NULL)",
            name=op.f("ck_published_cells_hidden_says_why_and_no_figure"),
        ),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name=op.f("fk_published_cells_wave_id")),
        sa.PrimaryKeyConstraint(
            "wave_id", "metric", "dimension", "segment", name=op.f("pk_published_cells")
        ),
    )
    op.create_table(
        "radar_evaluations",
        sa.Column("partner_id", sa.Integer(), nullable=False),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=True),
        sa.Column("risk", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.CheckConstraint(
            "risk BETWEEN 0 AND 100", name=op.f("ck_radar_evaluations_risk_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partners.id"],
            name=op.f("fk_radar_evaluations_partner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_radar_evaluations_wave_id")
        ),
        sa.PrimaryKeyConstraint("partner_id", "evaluated_on", name=op.f("pk_radar_evaluations")),
    )
    op.create_index(
        "ix_radar_evaluations_evaluated_on_risk",
        "radar_evaluations",
        ["evaluated_on", "risk"],
        unique=False,
    )

    op.create_table(
        "score_cells",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("histogram", JSON, nullable=False),
        sa.Column("sizes", JSON, nullable=True),
        sa.Column("links", JSON, nullable=True),
        sa.Column("pairs", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_score_cells_question_id")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_score_cells_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "wave_id", "dimension", "segment", "question_id", name=op.f("pk_score_cells")
        ),
    )
    op.create_table(
        "segment_profiles",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("profile_no", sa.Integer(), nullable=False),
        sa.Column("segments", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_segment_profiles_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", "profile_no", name=op.f("pk_segment_profiles")),
    )
    op.create_table(
        "version_items",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum(
                "partner",
                "internal",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("wording_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("rule", JSON, nullable=True),
        sa.Column("has_comment", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_version_items_question_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["survey_versions.id"],
            name=op.f("fk_version_items_version_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["wording_id"], ["wordings.id"], name=op.f("fk_version_items_wording_id")
        ),
        sa.PrimaryKeyConstraint(
            "version_id", "audience", "position", name=op.f("pk_version_items")
        ),
        sa.UniqueConstraint(
            "version_id",
            "audience",
            "question_id",
            name=op.f("uq_version_items_version_id_audience_question_id"),
        ),
    )
    op.create_index(
        op.f("ix_version_items_question_id"), "version_items", ["question_id"], unique=False
    )
    op.create_index(
        op.f("ix_version_items_wording_id"), "version_items", ["wording_id"], unique=False
    )

    op.create_table(
        "wave_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_wave_changes_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wave_changes")),
    )
    op.create_index(op.f("ix_wave_changes_wave_id"), "wave_changes", ["wave_id"], unique=False)

    op.create_table(
        "wording_texts",
        sa.Column("wording_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=True),
        sa.Column("labels", JSON, nullable=True),
        sa.Column("prompts", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["wording_id"],
            ["wordings.id"],
            name=op.f("fk_wording_texts_wording_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("wording_id", "locale", name=op.f("pk_wording_texts")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.LargeBinary(), nullable=True),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(comment_id IS NULL) <> (partner_id IS NULL)",
            name=op.f("ck_alerts_about_comment_or_partner"),
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_alerts_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_alerts_owner_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_alerts_partner_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["alert_rules.id"], name=op.f("fk_alerts_rule_id")),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name=op.f("fk_alerts_wave_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("rule_id", "comment_id", name=op.f("uq_alerts_rule_id_comment_id")),
        sa.UniqueConstraint(
            "rule_id", "partner_id", "wave_id", name=op.f("uq_alerts_rule_id_partner_id_wave_id")
        ),
    )
    op.create_index(op.f("ix_alerts_comment_id"), "alerts", ["comment_id"], unique=False)
    op.create_index(op.f("ix_alerts_partner_id"), "alerts", ["partner_id"], unique=False)
    op.create_index(op.f("ix_alerts_wave_id"), "alerts", ["wave_id"], unique=False)

    op.create_table(
        "anonymous_responses",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "identified",
                "confidential",
                "anonymous",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("profile_no", sa.Integer(), nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.CheckConstraint(
            "mode = 'anonymous'", name=op.f("ck_anonymous_responses_only_anonymous")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id", "mode"],
            ["waves.id", "waves.mode"],
            name=op.f("fk_anonymous_responses_wave_id_mode"),
        ),
        sa.ForeignKeyConstraint(
            ["wave_id", "profile_no"],
            ["segment_profiles.wave_id", "segment_profiles.profile_no"],
            name=op.f("fk_anonymous_responses_wave_id_profile_no"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anonymous_responses")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_anonymous_responses_wave_id_profile_no",
        "anonymous_responses",
        ["wave_id", "profile_no"],
        unique=False,
    )

    op.create_table(
        "comment_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("label", sa.String(length=20), nullable=True),
        sa.Column("drivers", JSON, nullable=True),
        sa.Column("quiet_exit", sa.Boolean(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_corrections_comment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_comment_corrections_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_corrections")),
    )
    op.create_index(
        op.f("ix_comment_corrections_comment_id"),
        "comment_corrections",
        ["comment_id"],
        unique=False,
    )

    op.create_table(
        "comment_scores",
        sa.Column("comment_id", sa.LargeBinary(), nullable=False),
        sa.Column("analyser", sa.Text(), nullable=False),
        sa.Column(
            "label",
            sa.Enum(
                "negative",
                "mixed",
                "neutral",
                "positive",
                name="sentiment",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("is_unsure", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("quiet_exit", sa.Boolean(), nullable=False),
        sa.Column("clauses", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_scores_comment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", "analyser", name=op.f("pk_comment_scores")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "identified",
                "confidential",
                "anonymous",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("partner_id", sa.Integer(), nullable=True),
        sa.Column("profile_no", sa.Integer(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "NOT is_waiting OR (mode = 'anonymous' AND answered_on IS NOT NULL)",
            name=op.f("ck_invitations_waiting_is_anonymous_and_answered"),
        ),
        sa.CheckConstraint(
            "mode <> 'anonymous' OR (opened_on IS NULL AND started_on IS NULL)",
            name=op.f("ck_invitations_anonymous_has_no_marks_before_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_invitations_contact_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_invitations_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id", "mode"],
            ["waves.id", "waves.mode"],
            name=op.f("fk_invitations_wave_id_mode"),
        ),
        sa.ForeignKeyConstraint(
            ["wave_id", "profile_no"],
            ["segment_profiles.wave_id", "segment_profiles.profile_no"],
            name=op.f("fk_invitations_wave_id_profile_no"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint(
            "contact_id", "wave_id", name=op.f("uq_invitations_contact_id_wave_id")
        ),
        sa.UniqueConstraint("id", "mode", name=op.f("uq_invitations_id_mode")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index(op.f("ix_invitations_partner_id"), "invitations", ["partner_id"], unique=False)
    op.create_index(
        "ix_invitations_wave_id_partner_id", "invitations", ["wave_id", "partner_id"], unique=False
    )

    op.create_table(
        "response_inbox",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "identified",
                "confidential",
                "anonymous",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("profile_no", sa.Integer(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.Column("comments", JSON, nullable=False),
        sa.CheckConstraint("mode = 'anonymous'", name=op.f("ck_response_inbox_only_anonymous")),
        sa.ForeignKeyConstraint(
            ["wave_id", "mode"],
            ["waves.id", "waves.mode"],
            name=op.f("fk_response_inbox_wave_id_mode"),
        ),
        sa.ForeignKeyConstraint(
            ["wave_id", "profile_no"],
            ["segment_profiles.wave_id", "segment_profiles.profile_no"],
            name=op.f("fk_response_inbox_wave_id_profile_no"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_inbox")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_response_inbox_wave_id"), "response_inbox", ["wave_id"], unique=False)

    op.create_table(
        "thread_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "(author = 'vendor') = (user_id IS NOT NULL)",
            name=op.f("ck_thread_messages_user_iff_vendor"),
        ),
        sa.CheckConstraint(
            "author IN ('vendor', 'partner')", name=op.f("ck_thread_messages_author")
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_thread_messages_comment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_thread_messages_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_messages")),
    )
    op.create_index(
        op.f("ix_thread_messages_comment_id"), "thread_messages", ["comment_id"], unique=False
    )

    op.create_table(
        "comment_drivers",
        sa.Column("comment_id", sa.LargeBinary(), nullable=False),
        sa.Column("analyser", sa.Text(), nullable=False),
        sa.Column("driver_code", sa.Text(), nullable=False),
        sa.Column("polarity", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id", "analyser"],
            ["comment_scores.comment_id", "comment_scores.analyser"],
            name=op.f("fk_comment_drivers_comment_id_analyser"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["driver_code"], ["drivers.code"], name=op.f("fk_comment_drivers_driver_code")
        ),
        sa.PrimaryKeyConstraint(
            "comment_id", "analyser", "driver_code", name=op.f("pk_comment_drivers")
        ),
    )
    op.create_index(
        op.f("ix_comment_drivers_driver_code"), "comment_drivers", ["driver_code"], unique=False
    )

    op.create_table(
        "drafts",
        sa.Column("invitation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "identified",
                "confidential",
                "anonymous",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("values", JSON, nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "link",
                "reminder_1",
                "reminder_last",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode <> 'anonymous'", name=op.f("ck_drafts_never_anonymous")),
        sa.ForeignKeyConstraint(
            ["invitation_id", "mode"],
            ["invitations.id", "invitations.mode"],
            name=op.f("fk_drafts_invitation_id_mode"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "outgoing_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invitation",
                "reminder_1",
                "reminder_last",
                "thanks",
                "results",
                "staff_invitation",
                "staff_reminder",
                "password_reset",
                "test",
                name="mailkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("wave_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("values", JSON, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "claimed",
                "in_data",
                "sent",
                "deferred",
                "failed",
                "suppressed",
                "cancelled",
                "uncertain",
                name="mailstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n_uncertain", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=True),
        sa.Column("reply_code", sa.SmallInteger(), nullable=True),
        sa.Column("reply_text", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)",
            name=op.f("ck_outgoing_mails_sent_iff_sent_at"),
        ),
        sa.CheckConstraint(
            "(state IN ('claimed', 'in_data')) = (owner IS NOT NULL AND lease_until IS NOT NULL)",
            name=op.f("ck_outgoing_mails_held_iff_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_outgoing_mails_invitation_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_outgoing_mails_user_id")),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name=op.f("fk_outgoing_mails_wave_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mails")),
        sa.UniqueConstraint(
            "invitation_id", "kind", name=op.f("uq_outgoing_mails_invitation_id_kind")
        ),
        sa.UniqueConstraint("message_id", name=op.f("uq_outgoing_mails_message_id")),
    )
    op.create_index(
        "ix_outgoing_mails_due",
        "outgoing_mails",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'deferred')"),
        postgresql_where=sa.text("state IN ('queued', 'deferred')"),
    )
    op.create_index(
        op.f("ix_outgoing_mails_email_hash"), "outgoing_mails", ["email_hash"], unique=False
    )
    op.create_index(
        "ix_outgoing_mails_held",
        "outgoing_mails",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state IN ('claimed', 'in_data')"),
        postgresql_where=sa.text("state IN ('claimed', 'in_data')"),
    )
    op.create_index(
        "ix_outgoing_mails_wave_id_state", "outgoing_mails", ["wave_id", "state"], unique=False
    )

    op.create_table(
        "predictions",
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("driver_code", sa.Text(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("margin", sa.SmallInteger(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("margin IN (5, 10, 20)", name=op.f("ck_predictions_margin")),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_predictions_score_in_range")),
        sa.ForeignKeyConstraint(
            ["driver_code"], ["drivers.code"], name=op.f("fk_predictions_driver_code")
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_predictions_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", "driver_code", name=op.f("pk_predictions")),
    )
    op.create_table(
        "responses",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "identified",
                "confidential",
                "anonymous",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "link",
                "reminder_1",
                "reminder_last",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.CheckConstraint("mode <> 'anonymous'", name=op.f("ck_responses_never_anonymous")),
        sa.CheckConstraint(
            "submitted_at >= started_at", name=op.f("ck_responses_submitted_not_before_start")
        ),
        sa.ForeignKeyConstraint(
            ["id", "mode"],
            ["invitations.id", "invitations.mode"],
            name=op.f("fk_responses_id_mode"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responses")),
    )
    op.create_table(
        "answers",
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=True),
        sa.CheckConstraint("value BETWEEN 0 AND 100", name=op.f("ck_answers_value_in_range")),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_answers_question_id")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["responses.id"],
            name=op.f("fk_answers_response_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("response_id", "question_id", "item", name=op.f("pk_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_answers_question_id"), "answers", ["question_id"], unique=False)

    op.create_table(
        "comment_authors",
        sa.Column("comment_id", sa.LargeBinary(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("company_named_on", sa.Date(), nullable=True),
        sa.Column("consent_key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(company_named_on IS NULL) = (consent_key IS NULL)",
            name=op.f("ck_comment_authors_consent_pair"),
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_authors_comment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_comment_authors_question_id")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["responses.id"],
            name=op.f("fk_comment_authors_response_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_comment_authors")),
        sa.UniqueConstraint(
            "response_id", "question_id", name=op.f("uq_comment_authors_response_id_question_id")
        ),
    )
    op.create_index(
        op.f("ix_comment_authors_question_id"), "comment_authors", ["question_id"], unique=False
    )

    op.create_table(
        "contact_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("consent_key", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("replied_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contacts.id"],
            name=op.f("fk_contact_requests_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_contact_requests_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["response_id"],
            ["responses.id"],
            name=op.f("fk_contact_requests_response_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_contact_requests_wave_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_requests")),
    )
    op.create_index(
        op.f("ix_contact_requests_contact_id"), "contact_requests", ["contact_id"], unique=False
    )
    op.create_index(
        op.f("ix_contact_requests_response_id"), "contact_requests", ["response_id"], unique=False
    )

    op.create_table(
        "mail_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_id"],
            ["outgoing_mails.id"],
            name=op.f("fk_mail_events_mail_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_events")),
        sa.UniqueConstraint("source", "source_key", name=op.f("uq_mail_events_source_source_key")),
    )
    op.create_index(op.f("ix_mail_events_mail_id"), "mail_events", ["mail_id"], unique=False)
    for statement in _guards(op.get_bind().dialect.name)[0]:
        op.execute(statement)


def downgrade() -> None:
    for statement in _guards(op.get_bind().dialect.name)[1]:
        op.execute(statement)
    for table in reversed(TABLES):
        op.drop_table(table)
