import asyncio
import os

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

first = sa.MetaData()
sa.Table("rooms", first, sa.Column("id", sa.Integer, primary_key=True))
second = sa.MetaData()
sa.Table("guests", second, sa.Column("id", sa.Integer, primary_key=True),
         sa.Column("name", sa.Text))


def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=[first, second])
    with context.begin_transaction():
        context.run_migrations()


async def run_async_migrations():
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with engine.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await engine.dispose()


asyncio.run(run_async_migrations())
