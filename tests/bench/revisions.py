"""Ten thousand revisions in one folder: the native readers against `alembic heads`.

    python3 revisions.py DEPLOY_DB URL DIRECTORY REVISIONS ROUNDS

Zero is the default of either number.
"""

import os
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
    peer = Contender("alembic heads", ["alembic", "heads"], place)
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
    table("%d revisions in one folder" % count, [peer, *ours], peer, rounds)


main()
