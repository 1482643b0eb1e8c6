"""Runs the migrations on the connection and by the tables that the store hands over."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
