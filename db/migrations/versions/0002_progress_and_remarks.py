"""How a run's solve gets on, and what is said of its plan.

Revision: 0002, after 0001.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE optimization_runs ADD COLUMN remarks JSONB, ADD COLUMN progress JSONB")


def downgrade() -> None:
    op.execute("ALTER TABLE optimization_runs DROP COLUMN remarks, DROP COLUMN progress")
