"""Ten thousand revisions in one folder: the native readers against `alembic heads`.

    python3 revisions.py DEPLOY_DB URL DIRECTORY REVISIONS ROUNDS

Zero is the default of either number. Alembic is measured twice: with the compiled files that an
earlier run has left in the folder, and in a fresh checkout, where it has to compile all revisions,
as in continuous integration. So are we: with what an earlier run has kept, and where nothing can be
kept.
"""

import os
import shutil
import subprocess
import sys

import project
from measure import Contender, table


def main():
    program, url, directory = sys.argv[1:4]
    count, rounds = int(sys.argv[4]) or 10000, int(sys.argv[5]) or 11
    place = os.path.join(directory, "revisions")
    project.write(place, count, url)
    # What `check` finds at the heads; stamping ten thousand revisions takes Alembic half a minute.
    sql = "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);"
    heads = subprocess.run([program, "heads"], cwd=place, stdout=subprocess.PIPE, check=True)
    for line in heads.stdout.decode().splitlines():
        sql += "INSERT INTO alembic_version VALUES ('%s');" % line.split()[0]
    subprocess.run(["psql", "-X", "-q", "-c", sql], check=True)
    fresh = os.path.join(directory, "checkout")
    shutil.copytree(place, fresh, ignore=shutil.ignore_patterns("__pycache__"))
    conf = os.path.join(fresh, "deploy-db.cfg")
    with open(conf, encoding="utf-8") as file:
        text = file.read()
    with open(conf, "w", encoding="utf-8") as file:
        file.write(text.replace('state_dir = "state"', 'state_dir = "/proc/none"'))
    peer = Contender("alembic heads",
                     ["env", "-u", "PYTHONDONTWRITEBYTECODE", "alembic", "heads"], place)
    compiling = Contender("alembic heads, fresh checkout",
                          ["env", "PYTHONDONTWRITEBYTECODE=1", "alembic", "heads"], fresh)
    ours = [
        Contender("deploy-db " + " ".join(words), [program, *words], place)
        for words in (
            ["heads"],
            ["history"],
            ["history", "--graph"],
            ["check", "bench", "--no-models"],
            ["check", "bench"],
        )
    ]
    ours.append(Contender("deploy-db heads, nothing kept", [program, "heads"], fresh))
    table("%d revisions in one folder" % count, [peer, compiling, *ours], peer, rounds)


main()
