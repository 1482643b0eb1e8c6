"""Whose certificate a gateway's address belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_identity"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One version on."""
    with op.batch_alter_table("gateways", schema=None) as batch_op:
        batch_op.add_column(sa.Column("identity", sa.String(), nullable=True))


def downgrade() -> None:
    """One version back."""
    with op.batch_alter_table("gateways", schema=None) as batch_op:
        batch_op.drop_column("identity")
