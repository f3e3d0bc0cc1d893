"""name index

Revision ID: e500c0ffee05
Revises: d400c0ffee04
Create Date: 2026-02-04 08:00:00

"""
import sqlalchemy as sa
from alembic import op

revision = "e500c0ffee05"
down_revision = "d400c0ffee04"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("stock", sa.Column("shelf", sa.Text))
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY products_name ON products (name)")


def downgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY products_name")
    op.drop_column("stock", "shelf")
