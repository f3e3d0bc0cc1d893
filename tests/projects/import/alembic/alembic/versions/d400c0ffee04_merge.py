"""merge

Revision ID: d400c0ffee04
Revises: b200c0ffee02, c300c0ffee03
Create Date: 2026-02-03 08:00:00

"""
import sqlalchemy as sa
from alembic import op

revision = "d400c0ffee04"
down_revision = ("b200c0ffee02", "c300c0ffee03")
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
