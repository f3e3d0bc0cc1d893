"""products

Revision ID: a100c0ffee01
Revises: 
Create Date: 2026-01-31 13:45:10.123456

"""
import sqlalchemy as sa
from alembic import op

revision = "a100c0ffee01"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    products = op.create_table(
        "products",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False, server_default="a;b"),
    )
    op.bulk_insert(products, [{"id": 1, "name": "tea; green"}, {"id": 2, "name": "it's 100%"}])


def downgrade():
    op.drop_table("products")
