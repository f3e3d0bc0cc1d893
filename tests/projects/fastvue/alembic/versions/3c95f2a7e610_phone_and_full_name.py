"""phone and full name

Revision ID: 3c95f2a7e610
Revises: 2b7e41d08c55
Create Date: 2024-02-06 11:05:31.220000

"""
from alembic import op
import sqlalchemy as sa

revision = '3c95f2a7e610'
down_revision = '2b7e41d08c55'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('users', sa.Column('phone', sa.String(20), nullable=True))
    op.alter_column('users', 'name', new_column_name='full_name')


def downgrade():
    op.alter_column('users', 'full_name', new_column_name='name')
    op.drop_column('users', 'phone')
