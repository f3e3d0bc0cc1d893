"""stock

Revision ID: c300c0ffee03
Revises: a100c0ffee01
Create Date: 2026-02-02 08:00:00.5

"""
import sqlalchemy as sa
from alembic import op

revision = "c300c0ffee03"
down_revision = "a100c0ffee01"
branch_labels = "stock"
depends_on = None


def upgrade():
    op.create_table("stock", sa.Column("product", sa.Integer, sa.ForeignKey("products.id")))


def downgrade():
    op.drop_table("stock")
