"""Restores against pg_restore: a snapshot of one large table with twenty middling ones into a new database.
Ours reads every table again, compares its content and gathers statistics; both are in its time.

    python3 restore.py DEPLOY_DB URL DIRECTORY ROWS ROUNDS

ROWS are those of the large table. Zero is the default of either number.
"""

import glob
import os
import subprocess
import sys

from measure import Contender, table
from snapshot import CONF, LARGE, MIDDLING, psql

TARGET = "restored"


def rows():
    return subprocess.run(["psql", "-XqAt", "-d", TARGET, "-c",
                           "SELECT count(*) || ' ' || sum(id) FROM large UNION ALL "
                           "SELECT count(*) || ' ' || sum(id) FROM middling_19"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout.replace("\n", "; ")


class Restore(Contender):
    """Into a database that is not there yet; what was restored is counted after each run."""

    def __init__(self, name, argv, directory):
        super().__init__(name, argv, directory, before=self.clear)
        self.found = set()

    def clear(self):
        for path in glob.glob(os.path.join(self.directory, "peer.dump")):
            os.unlink(path)
        subprocess.run(["dropdb", "--if-exists", TARGET], check=True, stderr=subprocess.DEVNULL)
        psql("postgres", "CHECKPOINT")

    def run(self):
        super().run()
        self.found.add(rows())


def main():
    program, url, directory = sys.argv[1:4]
    count, rounds = int(sys.argv[4]) or 3000000, int(sys.argv[5]) or 3
    config = os.path.join(directory, "bench.cfg")
    psql("bench", LARGE.format(rows=count) + "".join(MIDDLING.format(n=n) for n in range(20)))
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONF.format(url=url))
    subprocess.run("pg_dump -Fc -Z0 -d bench | zstd -q -1 -T0 -o peer.dump.zst", shell=True,
                   check=True, cwd=directory)
    subprocess.run([program, "--config", config, "snapshot", "fast"], check=True, cwd=directory,
                   stdout=subprocess.DEVNULL)
    load = "zstd -dq peer.dump.zst -o peer.dump && createdb -T template0 %s && pg_restore -j2 -d %s peer.dump"
    load = load % (TARGET, TARGET)
    peer = Restore("zstd -d, pg_restore -j2", ["sh", "-c", load], directory)
    analyzed = Restore("the same, vacuumdb -Z -j2",
                       ["sh", "-c", load + " && vacuumdb -q -Z -j2 -d " + TARGET], directory)
    ours = Restore("deploy-db restore, compared",
                   [program, "--config", config, "restore", "fast", "--into", TARGET, "--yes"],
                   directory)
    table("%d rows and 3 indexes in one table, 20 tables of 50,000" % count, [peer, analyzed, ours],
          peer, rounds)
    for contender in (peer, analyzed, ours):
        print("%-32s rows and sum of large; of middling_19: %s" %
              (contender.name, " OR ".join(sorted(contender.found))))


main()
