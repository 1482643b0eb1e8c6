"""Measurements in one tree: ordered by their key, without a row number beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_measurements"
down_revision = "0003_talq_resources"
branch_labels = None
depends_on = None


def _remade(**how: bool) -> None:
    """The table made anew with all its rows; other databases have no row numbers to leave out."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("measurements", "measurements_before")
    op.create_table(
        "measurements",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("device", "name", "at_ms"),
        **how,
    )
    op.execute("INSERT INTO measurements SELECT * FROM measurements_before")
    op.drop_table("measurements_before")


def upgrade() -> None:
    """One version on."""
    _remade(sqlite_with_rowid=False)


def downgrade() -> None:
    """One version back."""
    _remade()
