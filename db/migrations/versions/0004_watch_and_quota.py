"""Which workbooks changed, and the turns taken in Google's quota.

Revision: 0004, after 0003.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE drive_watches (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    account TEXT NOT NULL,
    page_token TEXT,
    asked_at TIMESTAMP WITH TIME ZONE,
    restarted_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_drive_watches PRIMARY KEY (id),
    CONSTRAINT uq_drive_watches_account UNIQUE (account)
);
CREATE TABLE workspace_watches (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    next_slot_at TIMESTAMP WITH TIME ZONE,
    digest TEXT,
    sources JSONB DEFAULT '[]'::jsonb NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workspace_watches PRIMARY KEY (id),
    CONSTRAINT uq_workspace_watches_workspace_id UNIQUE (workspace_id),
    CONSTRAINT fk_workspace_watches_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
CREATE UNLOGGED TABLE google_turns (
    bucket TEXT NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE INDEX ix_google_turns_bucket_taken_at ON google_turns (bucket, taken_at);
"""

TAKE_TURN = """
CREATE FUNCTION take_turn(buckets text[], limits integer[], window_s double precision, moment timestamptz)
RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz;
    hindering timestamptz;
    wait double precision := 0;
BEGIN
    PERFORM set_config('lock_timeout', '5s', true);
    FOR place IN 1 .. cardinality(buckets) LOOP
        PERFORM pg_advisory_xact_lock(7242, hashtext(buckets[place]));
    END LOOP;
    at := coalesce(moment, clock_timestamp());
    DELETE FROM google_turns WHERE bucket = ANY (buckets) AND taken_at <= at - make_interval(secs => window_s);
    FOR place IN 1 .. cardinality(buckets) LOOP
        SELECT taken_at INTO hindering FROM google_turns WHERE bucket = buckets[place]
            ORDER BY taken_at DESC OFFSET limits[place] - 1 LIMIT 1;
        IF FOUND THEN
            wait := greatest(wait, extract(epoch FROM hindering - at) + window_s);
        END IF;
    END LOOP;
    IF wait = 0 THEN
        INSERT INTO google_turns SELECT unnest(buckets), at;
    END IF;
    RETURN wait;
END
$$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(TAKE_TURN)
    for table in ("drive_watches", "workspace_watches"):
        op.execute(
            f"CREATE TRIGGER touch_updated_at BEFORE UPDATE ON {table} "
            "FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at()"
        )


def downgrade() -> None:
    op.execute("DROP FUNCTION take_turn(text[], integer[], double precision, timestamptz)")
    for table in ("google_turns", "workspace_watches", "drive_watches"):
        op.execute(f"DROP TABLE {table}")
