"""index the addresses in lower case

It is used by the login.

Revision ID: 1a2b3c4d0003
"""
from alembic import op
from sqlalchemy import text

revision = "1a2b3c4d" "0003"
down_revision = (
    "1a2b3c4d0002"  # the users
)
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_users_email_lower", "users", [text("lower(email)")])


def downgrade():
    op.drop_index("ix_users_email_lower", "users")
