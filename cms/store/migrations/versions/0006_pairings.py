"""Which box hangs on which pole, as crews scanned it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_pairings"
down_revision = "0005_receipts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One version on."""
    op.create_table(
        "pairings",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("node_id", sa.String(), nullable=False),
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_pairings_node_id", "pairings", ["node_id"])
    op.create_index("ix_pairings_asset_id", "pairings", ["asset_id"])


def downgrade() -> None:
    """One version back."""
    op.drop_table("pairings")
