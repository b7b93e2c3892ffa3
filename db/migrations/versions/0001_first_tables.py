"""The first tables.

Revision: 0001, the first one.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE SEQUENCE initiative_key_seq START WITH 1;

CREATE TABLE initiative_math_models (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    model_name TEXT,
    formula TEXT NOT NULL,
    assumptions TEXT,
    is_approved BOOLEAN DEFAULT 'false' NOT NULL,
    approved_by TEXT,
    approved_at TIMESTAMP WITH TIME ZONE,
    version INTEGER DEFAULT '1' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_initiative_math_models PRIMARY KEY (id)
);
CREATE TABLE workspaces (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    spreadsheet_id TEXT NOT NULL,
    title TEXT NOT NULL,
    url TEXT NOT NULL,
    fence BIGINT DEFAULT '0' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workspaces PRIMARY KEY (id),
    CONSTRAINT uq_workspaces_spreadsheet_id UNIQUE (spreadsheet_id)
);
CREATE TABLE initiatives (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    initiative_key TEXT NOT NULL,
    title TEXT,
    description TEXT,
    department TEXT,
    country TEXT,
    product TEXT,
    segment TEXT,
    category TEXT,
    program TEXT,
    requesting_team TEXT,
    lifecycle_status TEXT,
    duplicate_of TEXT,
    engineering_tokens NUMERIC,
    remaining_tokens NUMERIC,
    resources JSONB DEFAULT '{}'::jsonb NOT NULL,
    kpi_contributions JSONB DEFAULT '{}'::jsonb NOT NULL,
    deadline_date DATE,
    deadline_is_hard BOOLEAN,
    earliest_period TEXT,
    latest_period TEXT,
    started_period TEXT,
    duration_periods BIGINT,
    is_candidate BOOLEAN,
    candidate_period TEXT,
    active_scoring_framework TEXT,
    strategic_coefficient NUMERIC,
    notes TEXT,
    is_in_sheet BOOLEAN DEFAULT 'true' NOT NULL,
    math_model_id INTEGER,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_initiatives PRIMARY KEY (id),
    CONSTRAINT uq_initiatives_workspace_id_initiative_key UNIQUE (workspace_id, initiative_key),
    CONSTRAINT ck_initiatives_lifecycle_status
        CHECK (lifecycle_status IN ('new', 'needs_info', 'ready', 'in_progress', 'paused', 'delivered',
        'rejected', 'duplicate')),
    CONSTRAINT ck_initiatives_active_scoring_framework
        CHECK (active_scoring_framework IN ('RICE', 'WSJF', 'MATH_MODEL')),
    CONSTRAINT fk_initiatives_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE RESTRICT,
    CONSTRAINT uq_initiatives_math_model_id UNIQUE (math_model_id),
    CONSTRAINT fk_initiatives_math_model_id FOREIGN KEY(math_model_id) REFERENCES initiative_math_models (id)
        ON DELETE RESTRICT
);
CREATE TABLE optimization_scenarios (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    name_key TEXT NOT NULL,
    scenario_name TEXT NOT NULL,
    period_key TEXT,
    periods BIGINT,
    capacity_total_tokens NUMERIC,
    capacity_per_period NUMERIC,
    objective_mode TEXT,
    objective_weights JSONB DEFAULT '{}'::jsonb NOT NULL,
    objective_order JSONB DEFAULT '[]'::jsonb NOT NULL,
    may_give_up NUMERIC,
    good_enough_within NUMERIC,
    time_limit_s NUMERIC,
    keep_in_progress BOOLEAN,
    max_changes BIGINT,
    is_active BOOLEAN,
    notes TEXT,
    is_in_sheet BOOLEAN DEFAULT 'true' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_optimization_scenarios PRIMARY KEY (id),
    CONSTRAINT uq_optimization_scenarios_workspace_id_name_key UNIQUE (workspace_id, name_key),
    CONSTRAINT ck_optimization_scenarios_objective_mode
        CHECK (objective_mode IN ('north_star', 'weighted_kpis', 'lexicographic', 'score')),
    CONSTRAINT fk_optimization_scenarios_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
        ON DELETE RESTRICT
);
CREATE TABLE organization_metric_configs (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    name_key TEXT NOT NULL,
    kpi_key TEXT NOT NULL,
    kpi_name TEXT,
    kpi_level TEXT,
    unit TEXT,
    direction TEXT,
    description TEXT,
    is_active BOOLEAN,
    is_in_sheet BOOLEAN DEFAULT 'true' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_organization_metric_configs PRIMARY KEY (id),
    CONSTRAINT uq_organization_metric_configs_workspace_id_name_key UNIQUE (workspace_id, name_key),
    CONSTRAINT ck_organization_metric_configs_kpi_level CHECK (kpi_level IN ('north_star', 'strategic')),
    CONSTRAINT ck_organization_metric_configs_direction CHECK (direction IN ('increase', 'decrease')),
    CONSTRAINT fk_organization_metric_configs_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
        ON DELETE RESTRICT
);
CREATE TABLE initiative_params (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    initiative_id INTEGER NOT NULL,
    framework TEXT,
    param_name TEXT NOT NULL,
    value NUMERIC,
    unit TEXT,
    min NUMERIC,
    max NUMERIC,
    source TEXT,
    notes TEXT,
    is_approved BOOLEAN DEFAULT 'false' NOT NULL,
    approved_by TEXT,
    approved_at TIMESTAMP WITH TIME ZONE,
    is_auto_seeded BOOLEAN DEFAULT 'false' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_initiative_params PRIMARY KEY (id),
    CONSTRAINT uq_initiative_params_initiative_id_framework_param_name
        UNIQUE NULLS NOT DISTINCT (initiative_id, framework, param_name),
    CONSTRAINT ck_initiative_params_framework CHECK (framework IN ('RICE', 'WSJF', 'MATH_MODEL')),
    CONSTRAINT fk_initiative_params_initiative_id FOREIGN KEY(initiative_id) REFERENCES initiatives (id)
        ON DELETE CASCADE
);
CREATE TABLE initiative_scores (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    initiative_id INTEGER NOT NULL,
    framework TEXT NOT NULL,
    value_score NUMERIC,
    effort_score NUMERIC,
    overall_score NUMERIC,
    inputs JSONB DEFAULT '{}'::jsonb NOT NULL,
    scored_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_initiative_scores PRIMARY KEY (id),
    CONSTRAINT ck_initiative_scores_framework CHECK (framework IN ('RICE', 'WSJF', 'MATH_MODEL')),
    CONSTRAINT fk_initiative_scores_initiative_id FOREIGN KEY(initiative_id) REFERENCES initiatives (id)
        ON DELETE RESTRICT
);
CREATE INDEX ix_initiative_scores_initiative_id_framework_scored_at
        ON initiative_scores (initiative_id, framework, scored_at);
CREATE TABLE optimization_constraint_sets (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    scenario_id INTEGER NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    floors JSONB,
    caps JSONB,
    resource_floors JSONB,
    resource_caps JSONB,
    count_floors JSONB,
    count_caps JSONB,
    share_floors JSONB,
    share_caps JSONB,
    period_floors JSONB,
    period_caps JSONB,
    period_resource_caps JSONB,
    targets JSONB,
    mandatory_initiatives JSONB,
    exclusions_initiatives JSONB,
    exclusions_pairs JSONB,
    bundles JSONB,
    groups JSONB,
    prerequisites JSONB,
    synergy_bonuses JSONB,
    locks JSONB,
    max_changes JSONB,
    reasons JSONB,
    satisfied JSONB,
    digest TEXT NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    sources JSONB DEFAULT '{}'::jsonb NOT NULL,
    compiled_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_optimization_constraint_sets PRIMARY KEY (id),
    CONSTRAINT uq_optimization_constraint_sets_scenario_id_name_key UNIQUE (scenario_id, name_key),
    CONSTRAINT uq_optimization_constraint_sets_scenario_id_name UNIQUE (scenario_id, name),
    CONSTRAINT ck_optimization_constraint_sets_version CHECK (version >= 1),
    CONSTRAINT fk_optimization_constraint_sets_scenario_id FOREIGN KEY(scenario_id)
        REFERENCES optimization_scenarios (id) ON DELETE RESTRICT
);
CREATE TABLE optimization_runs (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    scenario_id INTEGER,
    constraint_set_id INTEGER,
    scenario_name TEXT NOT NULL,
    constraint_set_name TEXT NOT NULL,
    action TEXT NOT NULL,
    trigger TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    status TEXT NOT NULL,
    fence BIGINT NOT NULL,
    rules_version INTEGER,
    constraint_digest TEXT,
    snapshot JSONB,
    inputs_as_of TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    result_json JSONB,
    solver_name TEXT,
    solver_version TEXT,
    solver_options JSONB,
    timings JSONB,
    message TEXT DEFAULT '' NOT NULL,
    rows_read BIGINT DEFAULT '0' NOT NULL,
    rows_written BIGINT DEFAULT '0' NOT NULL,
    api_calls BIGINT DEFAULT '0' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    solved_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_optimization_runs PRIMARY KEY (id),
    CONSTRAINT ck_optimization_runs_status CHECK (status IN ('queued', 'pulling', 'compiling', 'solving',
        'writing', 'done', 'failed', 'cancelled')),
    CONSTRAINT ck_optimization_runs_outcome CHECK (outcome IN ('optimal', 'feasible', 'infeasible',
        'no_solution_in_time', 'invalid')),
    CONSTRAINT ck_optimization_runs_trigger CHECK (trigger IN ('menu', 'schedule', 'API', 'command line')),
    CONSTRAINT ck_optimization_runs_action CHECK (action IN ('check', 'optimize')),
    CONSTRAINT fk_optimization_runs_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
        ON DELETE RESTRICT,
    CONSTRAINT fk_optimization_runs_scenario_id FOREIGN KEY(scenario_id) REFERENCES optimization_scenarios (id)
        ON DELETE RESTRICT,
    CONSTRAINT fk_optimization_runs_constraint_set_id FOREIGN KEY(constraint_set_id)
        REFERENCES optimization_constraint_sets (id) ON DELETE RESTRICT
);
CREATE INDEX ix_optimization_runs_constraint_set_id ON optimization_runs (constraint_set_id);
CREATE INDEX ix_optimization_runs_scenario_id ON optimization_runs (scenario_id);
CREATE INDEX ix_optimization_runs_workspace_id_id ON optimization_runs (workspace_id, id);
CREATE TABLE portfolios (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    scenario_id INTEGER NOT NULL,
    run_id INTEGER,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_portfolios PRIMARY KEY (id),
    CONSTRAINT fk_portfolios_scenario_id FOREIGN KEY(scenario_id) REFERENCES optimization_scenarios (id)
        ON DELETE RESTRICT,
    CONSTRAINT uq_portfolios_run_id UNIQUE (run_id),
    CONSTRAINT fk_portfolios_run_id FOREIGN KEY(run_id) REFERENCES optimization_runs (id) ON DELETE RESTRICT
);
CREATE INDEX ix_portfolios_scenario_id ON portfolios (scenario_id);
CREATE TABLE requests (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    request_id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    run_id INTEGER,
    action TEXT NOT NULL,
    arguments JSONB DEFAULT '{}'::jsonb NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    status TEXT NOT NULL,
    message TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_requests PRIMARY KEY (id),
    CONSTRAINT ck_requests_status CHECK (status IN ('queued', 'running', 'done', 'failed')),
    CONSTRAINT uq_requests_request_id UNIQUE (request_id),
    CONSTRAINT fk_requests_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE RESTRICT,
    CONSTRAINT fk_requests_run_id FOREIGN KEY(run_id) REFERENCES optimization_runs (id) ON DELETE RESTRICT
);
CREATE INDEX ix_requests_run_id ON requests (run_id);
CREATE INDEX ix_requests_workspace_id ON requests (workspace_id);
CREATE TABLE portfolio_items (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    portfolio_id INTEGER NOT NULL,
    initiative_id INTEGER NOT NULL,
    selected BOOLEAN NOT NULL,
    allocated_tokens NUMERIC NOT NULL,
    rank INTEGER,
    source TEXT NOT NULL,
    score NUMERIC,
    start_period TEXT,
    contributions JSONB DEFAULT '{}'::jsonb NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_portfolio_items PRIMARY KEY (id),
    CONSTRAINT uq_portfolio_items_portfolio_id_initiative_id UNIQUE (portfolio_id, initiative_id),
    CONSTRAINT ck_portfolio_items_source CHECK (source IN ('optimizer', 'mandatory', 'locked', 'manual')),
    CONSTRAINT fk_portfolio_items_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES portfolios (id)
        ON DELETE RESTRICT,
    CONSTRAINT fk_portfolio_items_initiative_id FOREIGN KEY(initiative_id) REFERENCES initiatives (id)
        ON DELETE RESTRICT
);
CREATE INDEX ix_portfolio_items_initiative_id ON portfolio_items (initiative_id);
CREATE TABLE roadmaps (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    workspace_id INTEGER NOT NULL,
    portfolio_id INTEGER NOT NULL,
    name_key TEXT NOT NULL,
    roadmap_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    version_note TEXT DEFAULT '' NOT NULL,
    published_by TEXT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    trigger TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_roadmaps PRIMARY KEY (id),
    CONSTRAINT uq_roadmaps_workspace_id_name_key_version UNIQUE (workspace_id, name_key, version),
    CONSTRAINT ck_roadmaps_version CHECK (version >= 1),
    CONSTRAINT ck_roadmaps_trigger CHECK (trigger IN ('menu', 'schedule', 'API', 'command line')),
    CONSTRAINT fk_roadmaps_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE RESTRICT,
    CONSTRAINT fk_roadmaps_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES portfolios (id) ON DELETE RESTRICT
);
CREATE INDEX ix_roadmaps_portfolio_id ON roadmaps (portfolio_id);
CREATE TABLE roadmap_entries (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    roadmap_id INTEGER NOT NULL,
    initiative_id INTEGER NOT NULL,
    portfolio_item_id INTEGER,
    position INTEGER NOT NULL,
    title TEXT NOT NULL,
    priority_rank BIGINT,
    planned_period TEXT,
    planned_year INTEGER,
    planned_quarter INTEGER,
    decision TEXT NOT NULL,
    is_locked_in BOOLEAN NOT NULL,
    owner TEXT,
    status TEXT,
    confidence TEXT,
    public_note TEXT,
    notes TEXT,
    is_decision_overridden BOOLEAN NOT NULL,
    is_period_overridden BOOLEAN NOT NULL,
    is_rank_overridden BOOLEAN NOT NULL,
    override_reason TEXT,
    plan_wants TEXT,
    conflict TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_roadmap_entries PRIMARY KEY (id),
    CONSTRAINT uq_roadmap_entries_roadmap_id_initiative_id UNIQUE (roadmap_id, initiative_id),
    CONSTRAINT ck_roadmap_entries_decision CHECK (decision IN ('in', 'out')),
    CONSTRAINT ck_roadmap_entries_planned_quarter CHECK (planned_quarter BETWEEN 1 AND 4),
    CONSTRAINT ck_roadmap_entries_planned_year CHECK ((planned_period IS NULL) = (planned_year IS NULL)),
    CONSTRAINT fk_roadmap_entries_roadmap_id FOREIGN KEY(roadmap_id) REFERENCES roadmaps (id) ON DELETE RESTRICT,
    CONSTRAINT fk_roadmap_entries_initiative_id FOREIGN KEY(initiative_id) REFERENCES initiatives (id)
        ON DELETE RESTRICT,
    CONSTRAINT fk_roadmap_entries_portfolio_item_id FOREIGN KEY(portfolio_item_id)
        REFERENCES portfolio_items (id) ON DELETE RESTRICT
);
CREATE INDEX ix_roadmap_entries_initiative_id ON roadmap_entries (initiative_id);
CREATE INDEX ix_roadmap_entries_portfolio_item_id ON roadmap_entries (portfolio_item_id);
"""

FUNCTIONS = """
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE FUNCTION keep_as_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published version never changes: publish a new one'
        USING ERRCODE = 'restrict_violation';
END
$$;
"""

MAINTAINED = (
    "workspaces",
    "initiative_math_models",
    "initiatives",
    "initiative_params",
    "initiative_scores",
    "organization_metric_configs",
    "optimization_scenarios",
    "optimization_constraint_sets",
    "optimization_runs",
    "portfolios",
    "portfolio_items",
    "requests",
)
KEPT = ("roadmaps", "roadmap_entries")


def upgrade() -> None:
    """Makes everything."""
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    for table in MAINTAINED:
        op.execute(
            f"CREATE TRIGGER touch_updated_at BEFORE UPDATE ON {table} "
            "FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch_updated_at()"
        )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER keep_as_published BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_as_published()"
        )


def downgrade() -> None:
    """There is nothing before the first tables."""
    raise NotImplementedError("the first revision cannot be undone: drop the database instead")
