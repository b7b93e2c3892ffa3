"""How Alembic runs the scripts: on the connection, and in the transaction, that ``db.migrations.upgrade`` opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
