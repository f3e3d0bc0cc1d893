import os
from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine, pool

from shop.models import metadata

config = context.config
fileConfig(config.config_file_name)
print("the shop's env.py says hello on standard output")

url = os.environ["DATABASE_URL"]
# Stricter in production, as many projects have it: the driver must not depend on it.
strict = os.environ.get("ENVIRONMENT") == "production"


def run_migrations_offline():
    context.configure(url=url, target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        if os.environ.get("SHOP_WRITES"):
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS shop_audit")
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_type=strict,
            compare_server_default=strict,
            include_schemas=bool(os.environ.get("SHOP_SCHEMAS")),
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
