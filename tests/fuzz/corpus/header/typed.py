"""create the users

Revision ID: 1a2b3c4d0002
Revises: 1a2b3c4d0001

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


revision: str = "1a2b3c4d0002"
down_revision: Union[str, Sequence[str], None] = "1a2b3c4d0001"
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("state", sa.String(20), server_default="old"),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("companies.id")),
    )


def downgrade() -> None:
    op.drop_table("users")
