"""A project with very many revisions: a line with some branches and merges.

    python3 project.py DIRECTORY [REVISIONS]

Each file is what `alembic revision` writes, with one statement; the files' names are in the order
of the graph. The other benchmarks take it as a library.
"""

import os
import random
import sys

INI = """[alembic]
script_location = alembic
sqlalchemy.url = {url}
"""

ENV = """from alembic import context
from sqlalchemy import MetaData, engine_from_config, pool

config = context.config
target_metadata = MetaData()
engine = engine_from_config(
    config.get_section(config.config_ini_section), prefix="sqlalchemy.", poolclass=pool.NullPool
)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = '''"""{doc}

Revision ID: {id}
Revises: {revises}
Create Date: 2026-01-{day:02d} {hour:02d}:{minute:02d}:07.123456

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = {id!r}
down_revision = {down}
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("orders", sa.Column("note_{n}", sa.String(length=40), nullable=True))


def downgrade():
    op.drop_column("orders", "note_{n}")
'''

CONF = """project = "bench";
state_dir = "state";
engine: {{ plugin = "alembic"; }};
stores: {{ local: {{ plugin = "local"; path = "snapshots"; }}; }};
environments: {{ bench: {{ database = "{url}"; }}; }};
"""


def revisions(count, seed=1):
    """(id, downs) in the order of the graph; every hundredth revision begins a branch of three."""
    rng = random.Random(seed)
    made = []
    tip, side, left = None, None, 0
    for n in range(count):
        rev = "%012x" % rng.getrandbits(48)
        if side is not None and left == 0:
            made.append((rev, (tip, side)))
            tip, side = rev, None
        elif left > 0:
            made.append((rev, (side or made[-1][1][0],)))
            side, left = rev, left - 1
        else:
            made.append((rev, (tip,) if tip else ()))
            previous, tip = tip, rev
            if n % 100 == 50 and previous is not None:
                side, left = previous, 3
    return made


def write(directory, count, url):
    """The project, or the one that is there already."""
    versions = os.path.join(directory, "alembic", "versions")
    os.makedirs(versions, exist_ok=True)
    for name, text in (
        ("alembic.ini", INI.format(url=url.replace("%", "%%"))),
        ("alembic/env.py", ENV),
        ("alembic/script.py.mako", ""),
        ("deploy-db.cfg", CONF.format(url=url)),
    ):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
    for n, (rev, downs) in enumerate(revisions(count)):
        down = repr(downs[0]) if len(downs) == 1 else repr(downs) if downs else "None"
        text = REVISION.format(
            doc="add note %d to the orders" % n, id=rev, revises=", ".join(downs), down=down, n=n,
            day=n % 28 + 1, hour=n % 24, minute=n % 60,
        )
        name = "%05d_%s_add_note.py" % (n, rev)
        with open(os.path.join(versions, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10000, "postgresql:///bench")
