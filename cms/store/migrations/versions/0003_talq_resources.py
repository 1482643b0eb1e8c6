"""What gateways have sent us of types and other resources."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_talq_resources"
down_revision = "0002_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One version on."""
    op.create_table(
        "talq_resources",
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("collection", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "collection", "address"),
    )


def downgrade() -> None:
    """One version back."""
    op.drop_table("talq_resources")
