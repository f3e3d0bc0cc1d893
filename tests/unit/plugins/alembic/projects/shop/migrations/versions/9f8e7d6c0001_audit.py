"""the audit's own tree, after the users"""
from alembic import op
import sqlalchemy as sa

revision = "9f8e7d6c0001"
down_revision = None
branch_labels = ["audit"]
depends_on = "1a2b3c4d0002"


def upgrade():
    op.create_table("audit", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO audit SELECT id FROM users")


def downgrade():
    op.drop_table("audit")
