"""Who may do what, what was asked and refused, and the signatures that have counted.

Revision: 0008, after 0007. Roles, rights and policies are not here: ``db.roles`` arranges them after each upgrade.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE workspace_roles (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    editors JSONB,
    lists JSONB DEFAULT '{}'::jsonb NOT NULL,
    trouble TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workspace_roles PRIMARY KEY (id),
    CONSTRAINT uq_workspace_roles_workspace_id UNIQUE (workspace_id),
    CONSTRAINT fk_workspace_roles_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
CREATE TABLE request_audits (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    who TEXT NOT NULL,
    is_verified BOOLEAN NOT NULL,
    way TEXT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_request_audits PRIMARY KEY (id),
    CONSTRAINT ck_request_audits_way
        CHECK (way IN ('identity token', 'signature', 'sheet', 'command line', 'schedule')),
    CONSTRAINT ck_request_audits_outcome CHECK (outcome IN ('asked', 'done', 'refused')),
    CONSTRAINT fk_request_audits_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
CREATE INDEX ix_request_audits_workspace_id ON request_audits (workspace_id);
CREATE TABLE webhook_signatures (
    signature TEXT NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_webhook_signatures PRIMARY KEY (signature)
);
CREATE INDEX ix_webhook_signatures_used_at ON webhook_signatures (used_at);
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON workspace_roles
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON request_audits
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
"""
TAKE_WEB_TURN = """
CREATE FUNCTION take_web_turn(buckets text[], limits integer[], window_s double precision)
RETURNS double precision LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN take_turn(ARRAY(SELECT 'web ' || bucket FROM unnest(buckets) AS bucket), limits, window_s, NULL);
END
$$
"""
USE_SIGNATURE = """
CREATE FUNCTION use_signature(given text, signed_at double precision, window_s double precision)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    at timestamptz := clock_timestamp();
BEGIN
    IF abs(extract(epoch FROM at) - signed_at) > window_s THEN
        RETURN 'old';
    END IF;
    IF given IS NULL THEN
        RETURN 'fresh';
    END IF;
    DELETE FROM webhook_signatures WHERE used_at < at - make_interval(secs => 3 * window_s);
    INSERT INTO webhook_signatures VALUES (given, at) ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'fresh' ELSE 'used' END;
END
$$
"""


def upgrade() -> None:
    for statements in (TABLES, TAKE_WEB_TURN, USE_SIGNATURE):
        op.execute(statements)


def downgrade() -> None:
    op.execute("DROP FUNCTION use_signature(text, double precision, double precision)")
    op.execute("DROP FUNCTION take_web_turn(text[], integer[], double precision)")
    for table in ("webhook_signatures", "request_audits", "workspace_roles"):
        op.execute(f"DROP TABLE {table}")
