"""The job queue, the leases, and what a request needs to be one job.

Revision: 0006, after 0005. The queue's own tables and functions are those of the pinned procrastinate.
"""

from __future__ import annotations

from contextlib import closing

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LEASES = """
CREATE TABLE workspace_leases (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    holder TEXT NOT NULL,
    held_until TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workspace_leases PRIMARY KEY (id),
    CONSTRAINT uq_workspace_leases_workspace_id UNIQUE (workspace_id),
    CONSTRAINT fk_workspace_leases_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON workspace_leases
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
"""
REQUESTS = """
ALTER TABLE requests
    ADD COLUMN trigger TEXT DEFAULT 'menu' NOT NULL,
    ADD COLUMN verified_by TEXT,
    ADD COLUMN attempts INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN started_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN finished_at TIMESTAMP WITH TIME ZONE,
    DROP CONSTRAINT ck_requests_status,
    ADD CONSTRAINT ck_requests_status CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    ADD CONSTRAINT ck_requests_trigger CHECK (trigger IN ('menu', 'schedule', 'API', 'command line'));
"""


def upgrade() -> None:
    # Many statements at once, with signs that SQLAlchemy would read.
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(SchemaManager.get_schema())
    op.execute(LEASES)
    op.execute(REQUESTS)
    op.execute("ALTER TABLE workspace_watches ADD COLUMN heard_at TIMESTAMP WITH TIME ZONE")


def downgrade() -> None:
    op.execute(
        "ALTER TABLE requests DROP COLUMN trigger, DROP COLUMN verified_by, DROP COLUMN attempts, "
        "DROP COLUMN started_at, DROP COLUMN finished_at, DROP CONSTRAINT ck_requests_status"
    )
    op.execute("UPDATE requests SET status = 'failed' WHERE status = 'cancelled'")
    op.execute(
        "ALTER TABLE requests ADD CONSTRAINT ck_requests_status "
        "CHECK (status IN ('queued', 'running', 'done', 'failed'))"
    )
    op.execute("ALTER TABLE workspace_watches DROP COLUMN heard_at")
    op.execute("DROP TABLE workspace_leases")
    op.execute(DROP_QUEUE)


DROP_QUEUE = """
DO $$
DECLARE
    found record;
BEGIN
    DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers CASCADE;
    FOR found IN SELECT oid::regprocedure AS signature FROM pg_proc
        WHERE proname LIKE 'procrastinate%' AND pronamespace = current_schema()::regnamespace LOOP
        EXECUTE 'DROP FUNCTION ' || found.signature || ' CASCADE';
    END LOOP;
    FOR found IN SELECT oid::regtype AS name FROM pg_type
        WHERE typname LIKE 'procrastinate%' AND typnamespace = current_schema()::regnamespace LOOP
        EXECUTE 'DROP TYPE ' || found.name || ' CASCADE';
    END LOOP;
END
$$
"""
