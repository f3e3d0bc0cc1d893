"""Snapshots against pg_dump: one large table with twenty middling ones, then two thousand small ones.

    python3 snapshot.py DEPLOY_DB URL DIRECTORY ROWS ROUNDS

ROWS are those of the large table. Zero is the default of either number.
"""

import glob
import os
import subprocess
import sys

from measure import Contender, table

CONF = """project = "bench";
state_dir = "state";
engine: {{ plugin = "sql"; }};
stores: {{ local: {{ plugin = "local"; path = "snapshots"; }}; }};
environments: {{
  fast: {{ database = "{url}"; snapshot: {{ compression_level = 1; verify = "fast"; }}; }};
  full: {{ database = "{url}"; snapshot: {{ compression_level = 1; verify = "full"; }}; }};
}};
"""

LARGE = """
SELECT setseed(0.5);
CREATE TABLE large AS
  SELECT n AS id, md5(n::text)::uuid AS token,
         jsonb_build_object('order', n, 'state', (ARRAY['new','paid','sent','done'])[1 + n % 4],
             'items', jsonb_build_array(n % 97, n % 89, n % 83), 'note', md5((n * 3)::text)) AS body,
         'customer ' || n % 50021 || ' of street ' || n % 977 AS address,
         timestamptz '2024-01-01' + n * interval '17 seconds' AS made,
         timestamptz '2024-01-02' + (random() * 8e7)::int * interval '1 second' AS changed
    FROM generate_series(1, {rows}) n;
ALTER TABLE large ADD PRIMARY KEY (id);
CREATE INDEX ON large (token);
CREATE INDEX ON large (made);
"""

MIDDLING = """
CREATE TABLE middling_{n} AS
  SELECT i AS id, md5(i::text) AS name, i * 1.25 AS price, now() AS made
    FROM generate_series(1, 50000) i;
ALTER TABLE middling_{n} ADD PRIMARY KEY (id);
"""

SMALL = """
CREATE TABLE small_{n} (id int PRIMARY KEY, name text);
INSERT INTO small_{n} SELECT i, 'name ' || i FROM generate_series(1, 100) i;
"""


def psql(database, sql):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"],
                   input=sql, text=True, check=True, stdout=subprocess.DEVNULL)


class Sizes:
    """Removes what the last run wrote, after noting its size."""

    def __init__(self, pattern):
        self.pattern, self.size = pattern, 0

    def clear(self):
        for path in glob.glob(self.pattern):
            self.size = os.path.getsize(path)
            os.unlink(path)


def compare(title, program, database, directory, rounds):
    dump = os.path.join(directory, "peer.dump.zst")
    taken = [Sizes(dump), Sizes(os.path.join(directory, "snapshots", "fast-*.tar")),
             Sizes(os.path.join(directory, "snapshots", "full-*.tar"))]
    peer = Contender("pg_dump -Fc -Z0 | zstd -1 -T0",
                     ["sh", "-c", "pg_dump -Fc -Z0 -d %s | zstd -q -1 -T0 -o %s" % (database, dump)],
                     directory, before=taken[0].clear)
    ours = [Contender("deploy-db snapshot, verify " + level,
                      [program, "--config", os.path.join(directory, database + ".cfg"), "snapshot",
                       level], directory, before=taken[1 + i].clear)
            for i, level in enumerate(("fast", "full"))]
    table(title, [peer] + ours, peer, rounds)
    for sizes, contender in zip(taken, [peer] + ours):
        sizes.clear()
        print("%-32s %9.1f MiB" % (contender.name, sizes.size / (1 << 20)))


def main():
    program, url, directory = sys.argv[1:4]
    rows, rounds = int(sys.argv[4]) or 3000000, int(sys.argv[5]) or 5
    psql("bench", LARGE.format(rows=rows) + "".join(MIDDLING.format(n=n) for n in range(20)))
    subprocess.run(["createdb", "small"], check=True)
    psql("small", "".join(SMALL.format(n=n) for n in range(2000)))
    for database in ("bench", "small"):
        psql(database, "VACUUM ANALYZE; CHECKPOINT;")
        with open(os.path.join(directory, database + ".cfg"), "w", encoding="utf-8") as file:
            file.write(CONF.format(url=url.replace("/bench?", "/%s?" % database)))
    compare("%d rows in one table, 20 tables of 50,000" % rows, program, "bench", directory, rounds)
    print()
    compare("2,000 tables of 100 rows", program, "small", directory, rounds)


if __name__ == "__main__":
    main()
