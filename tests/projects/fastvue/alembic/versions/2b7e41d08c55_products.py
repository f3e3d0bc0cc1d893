"""products

Revision ID: 2b7e41d08c55
Revises: 1f0a6c3b9d21
Create Date: 2024-01-19 16:40:02.551000

"""
from alembic import op
import sqlalchemy as sa

revision = '2b7e41d08c55'
down_revision = '1f0a6c3b9d21'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        'products',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('company_id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(255), nullable=False),
        sa.Column('sku', sa.String(50), nullable=False),
        sa.Column('price', sa.Numeric(10, 2), nullable=False),
        sa.ForeignKeyConstraint(['company_id'], ['companies.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('sku'),
    )
    op.create_index('ix_products_sku', 'products', ['sku'])


def downgrade():
    op.drop_index('ix_products_sku')
    op.drop_table('products')
