"""Receipts of nodes that left a bench."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_receipts"
down_revision = "0004_measurements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One version on."""
    op.create_table(
        "receipts",
        sa.Column("node_id", sa.String(), primary_key=True),
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("mac", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("imported_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("asset_id"),
        sa.UniqueConstraint("mac"),
    )


def downgrade() -> None:
    """One version back."""
    op.drop_table("receipts")
