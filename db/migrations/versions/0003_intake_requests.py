"""Which initiative each request of an Intake tab became.

Revision: 0003, after 0002.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
CREATE TABLE intake_requests (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    initiative_key TEXT NOT NULL,
    spreadsheet_id TEXT NOT NULL,
    tab TEXT NOT NULL,
    sheet_row INTEGER NOT NULL,
    digest TEXT NOT NULL,
    fields JSONB DEFAULT '{}'::jsonb NOT NULL,
    is_copied BOOLEAN DEFAULT 'false' NOT NULL,
    is_confirmed BOOLEAN DEFAULT 'false' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_intake_requests PRIMARY KEY (id),
    CONSTRAINT uq_intake_requests_workspace_id_initiative_key UNIQUE (workspace_id, initiative_key),
    CONSTRAINT fk_intake_requests_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE RESTRICT
);
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON intake_requests
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at()
""")


def downgrade() -> None:
    op.execute("DROP TABLE intake_requests")
