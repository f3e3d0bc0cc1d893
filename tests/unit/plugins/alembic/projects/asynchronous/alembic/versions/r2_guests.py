"""guests"""
import sqlalchemy as sa
from alembic import op

revision = "room000000002"
down_revision = "room" + "000000001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("guests", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("guests")
