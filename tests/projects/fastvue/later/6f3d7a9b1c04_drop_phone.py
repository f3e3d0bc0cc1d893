"""drop the phone numbers

Revision ID: 6f3d7a9b1c04
Revises: 5e6a90c4b7d8
Create Date: 2024-04-09 17:30:00.000000

"""
from alembic import op
import sqlalchemy as sa

revision = '6f3d7a9b1c04'
down_revision = '5e6a90c4b7d8'
branch_labels = None
depends_on = None


def upgrade():
    op.drop_column('users', 'phone')


def downgrade():
    op.add_column('users', sa.Column('phone', sa.String(20), nullable=True))
