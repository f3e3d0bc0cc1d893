"""price

In cents, and never below nothing.

Revision ID: b200c0ffee02
Revises: a100c0ffee01
Create Date: 2026-02-01 08:00:00

"""
import sqlalchemy as sa
from alembic import op

revision = "b200c0ffee02"
down_revision = "a100c0ffee01"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("products", sa.Column("price", sa.Integer))
    op.execute(
        """
        CREATE FUNCTION check_price() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- Running upgrade a100c0ffee01 -> b200c0ffee02
            IF NEW.price < 0 THEN
                RAISE EXCEPTION 'too cheap; far too cheap';
            END IF;
            RETURN NEW;
        END;
        $$
        """
    )
    op.execute("UPDATE products SET price = 100 * id")


def downgrade():
    op.execute("DROP FUNCTION check_price()")
    op.drop_column("products", "price")
