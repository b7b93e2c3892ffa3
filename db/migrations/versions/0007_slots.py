"""The slots of schedules that were taken, each workbook's schedule as it was last read, and what finds due workbooks
and runs that nobody works on any more among a hundred thousand.

Revision: 0007, after 0006.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SLOTS = """
CREATE TABLE schedule_slots (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER,
    schedule TEXT NOT NULL,
    slot_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_schedule_slots PRIMARY KEY (id),
    CONSTRAINT uq_schedule_slots_workspace_id_schedule_slot_at
        UNIQUE NULLS NOT DISTINCT (workspace_id, schedule, slot_at),
    CONSTRAINT fk_schedule_slots_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON schedule_slots
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at();
"""
WATCHES = """
ALTER TABLE workspace_watches
    ADD COLUMN schedule TEXT,
    ADD COLUMN time_zone TEXT DEFAULT 'UTC' NOT NULL,
    ADD COLUMN slots_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN next_read_at TIMESTAMP WITH TIME ZONE DEFAULT '-infinity' NOT NULL;
INSERT INTO workspace_watches (workspace_id) SELECT id FROM workspaces ON CONFLICT DO NOTHING;
UPDATE workspace_watches SET next_slot_at = NULL;
CREATE INDEX ix_workspace_watches_changed_at ON workspace_watches (changed_at) WHERE changed_at IS NOT NULL;
CREATE INDEX ix_workspace_watches_next_slot_at ON workspace_watches (next_slot_at) WHERE next_slot_at IS NOT NULL;
CREATE INDEX ix_workspace_watches_next_read_at ON workspace_watches (next_read_at);
CREATE INDEX ix_workspace_watches_sources ON workspace_watches USING gin (sources);
"""
"""The schedules are not known yet: every workbook is to be read, and its next slot follows from that."""
OPEN = """
CREATE INDEX ix_optimization_runs_under_way ON optimization_runs (workspace_id)
    WHERE status IN ('queued', 'pulling', 'compiling', 'solving', 'writing');
CREATE INDEX ix_requests_open ON requests (workspace_id) WHERE status IN ('queued', 'running');
"""


def upgrade() -> None:
    op.execute(SLOTS)
    op.execute(WATCHES)
    op.execute(OPEN)


def downgrade() -> None:
    op.execute("DROP INDEX ix_optimization_runs_under_way")
    op.execute("DROP INDEX ix_requests_open")
    op.execute(
        "ALTER TABLE workspace_watches DROP COLUMN schedule, DROP COLUMN time_zone, DROP COLUMN slots_until, "
        "DROP COLUMN next_read_at"
    )
    op.execute("DROP INDEX ix_workspace_watches_changed_at")
    op.execute("DROP INDEX ix_workspace_watches_next_slot_at")
    op.execute("DROP INDEX ix_workspace_watches_sources")
    op.execute("DROP TABLE schedule_slots")
