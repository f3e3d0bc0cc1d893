"""every order names its company

Adds the column, then makes it mandatory without filling it: fails on a table with rows.

Revision ID: 6a1b0d5c2e77
Revises: 5e6a90c4b7d8
Create Date: 2024-04-02 10:10:10.000000

"""
from alembic import op
import sqlalchemy as sa

revision = '6a1b0d5c2e77'
down_revision = '5e6a90c4b7d8'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('orders', sa.Column('company_id', sa.Integer(), nullable=True))
    op.alter_column('orders', 'company_id', nullable=False)


def downgrade():
    op.drop_column('orders', 'company_id')
