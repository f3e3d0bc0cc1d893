"""Three hundred migrations of one CREATE TABLE each: the sql engine against psql and Alembic.

    python3 sql_engine.py DEPLOY_DB URL DIRECTORY MIGRATIONS ROUNDS

Zero is the default of either number.
"""

import json
import os
import statistics
import subprocess
import sys

import project
from measure import Contender, table

CONF = """project = "bench";
state_dir = "state";
engine: {{ plugin = "sql"; }};
stores: {{ local: {{ plugin = "local"; path = "snapshots"; }}; }};
environments: {{ bench: {{ database = "{url}"; }}; }};
"""

SQL = """-- table {n}
--
-- Revision ID: {id}
-- Revises: {down}

-- upgrade
{up}
-- downgrade
DROP TABLE bench_{n};
"""

CREATE = """CREATE TABLE bench_{n} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    made timestamptz NOT NULL DEFAULT now()
);
"""

PYTHON = '''"""table {n}"""
from alembic import op

revision = "{id}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""{up}""")


def downgrade():
    op.execute("DROP TABLE bench_{n}")
'''


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_all(directory, count, url):
    """The same migrations three times; psql gets the version row too."""
    psql = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);\n"
    project.write(os.path.join(directory, "alembic"), 0, url)
    write(os.path.join(directory, "sql", "deploy-db.cfg"), CONF.format(url=url))
    down = None
    for n in range(count):
        rev = "%012x" % (0xA0000000000 + n)
        up = CREATE.format(n=n)
        name = "%04d_%s" % (n, rev)
        write(os.path.join(directory, "sql", "versions", name + ".sql"),
              SQL.format(n=n, id=rev, down=down or "", up=up).replace(": \n", ":\n"))
        write(os.path.join(directory, "alembic", "alembic", "versions", name + ".py"),
              PYTHON.format(n=n, id=rev, down=down, up=up))
        psql += up
        down = rev
    psql += "INSERT INTO alembic_version VALUES ('%s');\n" % down
    write(os.path.join(directory, "all.sql"), psql)


def main():
    program, url, directory = sys.argv[1:4]
    count, rounds = int(sys.argv[4]) or 300, int(sys.argv[5]) or 7
    write_all(directory, count, url)

    def fresh():
        for words in (["dropdb", "--if-exists", "bench"], ["createdb", "bench"]):
            subprocess.run([*words, "--maintenance-db=postgres"], check=True,
                           stderr=subprocess.DEVNULL)

    def contender(name, argv, place, after=None):
        return Contender(name, argv, os.path.join(directory, place), fresh, after)

    engine = []  # milliseconds of the engine itself, without preflight and verify
    upgrade = [program, "upgrade", "bench", "heads", "--yes", "--json"]
    script = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1", "-d", "bench", "-f", "all.sql"]
    ours = contender("deploy-db upgrade (sql)", upgrade, "sql",
                     lambda text: engine.append(json.loads(text)["apply_ms"]))
    psql = contender("psql -1 -f", script, ".")
    alembic = contender("alembic upgrade head", ["alembic", "upgrade", "head"], "alembic")
    table("%d migrations of one CREATE TABLE" % count, [ours, psql, alembic], ours, rounds)
    median = statistics.median(engine[1:])
    print("of deploy-db's time, the engine: %d ms, %.2f of psql's, %.2f of alembic's" % (
        median, median / (1000 * psql.median), median / (1000 * alembic.median)))


main()
