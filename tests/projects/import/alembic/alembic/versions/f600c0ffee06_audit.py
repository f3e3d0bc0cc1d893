"""audit

Revision ID: f600c0ffee06
Revises: 
Create Date: 2026-02-05 08:00:00

"""
import sqlalchemy as sa
from alembic import op

revision = "f600c0ffee06"
down_revision = None
branch_labels = ("audit", "log")
depends_on = "b200c0ffee02"


def upgrade():
    op.create_table("audit", sa.Column("at", sa.DateTime, sa.CheckConstraint("at > '2000-01-01'")))
    op.execute("INSERT INTO audit SELECT '2026-01-01' FROM products WHERE price = 200")


def downgrade():
    op.drop_table("audit")
