"""waits for a lock"""
from alembic import op

revision = "b10000000001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.execute("ALTER TABLE busy ADD COLUMN more int")


def downgrade():
    raise NotImplementedError("no way back")
