"""rooms"""
import sqlalchemy as sa
from alembic import op

PREFIX = "room"
revision = f"{PREFIX}000000001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("rooms", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("rooms")
