"""Which sheet each bound Intake tab is, so that it is found again after it was renamed.

Revision: 0005, after 0004.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
CREATE TABLE intake_sheets (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    spreadsheet_id TEXT NOT NULL,
    tab TEXT NOT NULL,
    sheet_id INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_intake_sheets PRIMARY KEY (id),
    CONSTRAINT uq_intake_sheets_workspace_id_spreadsheet_id_tab UNIQUE (workspace_id, spreadsheet_id, tab),
    CONSTRAINT fk_intake_sheets_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE RESTRICT
);
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON intake_sheets
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at()
""")


def downgrade() -> None:
    op.execute("DROP TABLE intake_sheets")
