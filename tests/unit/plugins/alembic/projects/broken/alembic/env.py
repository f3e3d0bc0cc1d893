# What goes wrong is named by the variable BROKEN.
import os
import sys

from alembic import context
from sqlalchemy import create_engine

broken = os.environ.get("BROKEN")
if broken == "import":
    import a_package_that_is_not_installed  # noqa: F401
if broken == "exit":
    sys.exit("DATABASE_URL is not set")
if broken == "url":
    create_engine("no url, but user:geheim@host")
if broken != "idle":
    engine = create_engine("sqlite://" if broken == "sqlite" else os.environ["DATABASE_URL"])
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
