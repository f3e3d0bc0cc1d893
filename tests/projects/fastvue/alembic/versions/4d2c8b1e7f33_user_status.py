"""user status

Every user that exists becomes active, then the column is made mandatory.

Revision ID: 4d2c8b1e7f33
Revises: 3c95f2a7e610
Create Date: 2024-02-27 08:55:10.004000

"""
from alembic import op
import sqlalchemy as sa
from sqlalchemy.sql import column, table

revision = '4d2c8b1e7f33'
down_revision = '3c95f2a7e610'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('users', sa.Column('status', sa.String(20), server_default='active'))
    users = table('users', column('status', sa.String))
    op.execute(users.update().values(status='active'))
    op.alter_column('users', 'status', nullable=False)


def downgrade():
    op.drop_column('users', 'status')
