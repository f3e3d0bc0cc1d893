"""Random projects on disk, asked of Alembic's commands and of deploy-db: the same text on standard
output, and success or failure in the same places.

    PYTHONHASHSEED=0 /usr/bin/python3 cli.py DEPLOY_DB URL DIRECTORY [GRAPHS [SEED]]

URL is that of a database whose version table is made anew for each graph. Alembic's own command
functions answer, in this process, with a real env.py and a real connection. What Alembic prints in
the order of a Python set is sorted on both sides (see SET ORDER); where deploy-db differs on
purpose, see ON PURPOSE.
"""

import collections
import contextlib
import io
import os
import random
import re
import shutil
import subprocess
import sys
import warnings

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from graphs import applied_rows, has_cycle, random_graph, random_target

INI = "[alembic]\nscript_location = alembic\n"

ENV = """from alembic import context

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""

CONF = """project = "p";
engine: {{ plugin = "alembic"; }};
stores: {{ local: {{ plugin = "local"; path = "snapshots"; }}; }};
environments: {{ test: {{ database = "{url}"; }}; }};
"""

FLAGS = {
    "-v": "verbose",
    "-i": "indicate_current",
    "--resolve-dependencies": "resolve_dependencies",
}


# --- LOAD ORDER -----------------------------------------------------------------------------------


def patch_order():
    """By name, as since Alembic 1.10; before it was the file system's."""
    listdir = os.listdir
    os.listdir = lambda *args: sorted(listdir(*args))


# --- SET ORDER ------------------------------------------------------------------------------------


def sorted_names(match):
    return match.group(1) + ", ".join(sorted(match.group(2).split(", ")))


def sorted_labels(text):
    """The labels behind an identifier, and those and the followers of a long entry."""
    text = re.sub(r"(?m)^((?:[^\n]* -> )?[^ \n]+ \()([^()\n]*)(?=\))", sorted_names, text)
    return re.sub(r"(?m)^((?:Branch names|Branches into): )([^\n]*)", sorted_names, text)


def sorted_entries(text):
    """The revisions of `current`."""
    first = "" if text.startswith("Rev: ") or not text else text[: text.find("\n") + 1]
    if text.startswith("Current revision(s)"):
        text = text[len(first) :]
    else:
        first = ""
    if "Rev: " in text:
        return first + "".join(sorted(re.split(r"(?m)^(?=Rev: )", text)))
    return first + "\n".join(sorted(text.split("\n")))


def sorted_children(text):
    """Those of each branch point; a child's document may have several lines."""
    out, children = [], []
    for line in text.split("\n"):
        if re.match(r" +-> ", line):
            children.append(line)
        elif children and line:
            children[-1] += "\n" + line
        else:
            out += sorted(children) + [line]
            children = []
    return "\n".join(out + sorted(children))


def canonical(name, text, any_order):
    """ANY_ORDER: where a revision has several dependencies, the order in which a history follows
    them is that of a set."""
    text = sorted_labels(text)
    if name in ("history", "branches") and any_order:
        return "\n".join(sorted(text.split("\n")))
    if name == "current":
        return sorted_entries(text)
    return sorted_children(text) if name == "branches" else text


# --- ON PURPOSE -----------------------------------------------------------------------------------

RELATIVE = re.compile(r"^(?:[^@]*@)?(?:.*)[+-]\d+$")


def on_purpose(question, rows, outcome, alembic):
    """What Alembic's answer must be turned into, or None where ours need not be equal."""
    name, _flags, argument = question
    # Passwords are stars, as in Alembic since 1.17.
    alembic = alembic.replace(":XXXXX@", ":***@", 1)
    if name == "show" and RELATIVE.match(argument):
        # Relative forms are understood here, too; ID@-N restricts to the branch of ID; what is N
        # below several heads is shown once.
        return None
    if name == "history" and outcome == "crash":
        return None  # a range that Alembic cannot list by accident
    if name == "history" and argument:
        start, _, end = argument.partition(":")
        if RELATIVE.match(start):
            return None  # the same, as the start of a range
        if end == "current" and not rows:
            return None  # ":current" of nothing is nothing (there: everything)
    return alembic


# --- both -----------------------------------------------------------------------------------------


class Output(io.StringIO):
    encoding = "utf-8"


class Project:
    """A graph on disk, with the two programs."""

    def __init__(self, directory, revisions, program, engine, url):
        self.directory, self.program, self.engine = directory, program, engine
        versions = os.path.join(directory, "alembic", "versions")
        os.makedirs(versions)
        for path, text in (
            ("alembic.ini", INI),
            ("alembic/env.py", ENV),
            ("deploy-db.cfg", CONF.format(url=url)),
        ):
            with open(os.path.join(directory, path), "w", encoding="utf-8") as file:
                file.write(text)
        for n, rev in enumerate(revisions):
            with open(os.path.join(versions, "%04d_.py" % n), "w", encoding="utf-8") as file:
                file.write("%r\nrevision = %r\n" % (rev["doc"], rev["id"]))
                for name, key in (
                    ("down_revision", "down"),
                    ("branch_labels", "labels"),
                    ("depends_on", "deps"),
                ):
                    value = rev[key][0] if len(rev[key]) == 1 else tuple(rev[key]) or None
                    file.write("%s = %r\n" % (name, value))
                file.write("\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n")

    def store(self, rows):
        """None: no version table."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
            if rows is None:
                return
            connection.exec_driver_sql(
                "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY)"
            )
            for row in rows:
                connection.exec_driver_sql("INSERT INTO alembic_version VALUES (%s)", (row,))

    def has_table(self):
        with self.engine.begin() as connection:
            found = connection.exec_driver_sql("SELECT to_regclass('alembic_version')")
            return found.scalar() is not None

    def alembic(self, question):
        """("answer", "error" or "crash", its standard output)"""
        name, flags, argument = question
        out = Output()
        config = Config(os.path.join(self.directory, "alembic.ini"), stdout=out)
        config.set_main_option("script_location", os.path.join(self.directory, "alembic"))
        config.attributes["engine"] = self.engine
        named = {FLAGS[flag]: True for flag in flags}
        args = (argument,) if name in ("show", "history") and argument else ()
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                getattr(command, name)(config, *args, **named)
        except (CommandError, UserWarning):
            return "error", ""
        except Exception:  # a traceback; status 1
            return "crash", ""
        return "answer", out.getvalue()

    def ours(self, question):
        name, flags, argument = question
        words = [self.program, name]
        if name in ("current", "show") or "-i" in flags or "current" in argument.split(":"):
            words.append("test")
        words += flags
        if name == "history" and argument:
            words.append("-r=" + argument)
        elif argument:
            words.append(argument)
        run = subprocess.run(
            words, cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
        )
        succeeded = run.returncode == 0
        if run.returncode not in (0, 2, 4) or succeeded != (b"error:" not in run.stderr):
            raise AssertionError("%s: status %d\n%s" % (words, run.returncode, run.stderr.decode()))
        return run.returncode, run.stdout.decode() if run.returncode == 0 else ""


def questions(rng, revisions):
    ids = [rev["id"] for rev in revisions]
    labels = [label for rev in revisions for label in rev["labels"]]
    for flags in ([], ["-v"], ["--resolve-dependencies"], ["-v", "--resolve-dependencies"]):
        yield "heads", flags, ""
    for name in ("branches", "current"):
        yield name, [], ""
        yield name, ["-v"], ""
    for flags in ([], ["-v"], ["-i"], ["-v", "-i"]):
        yield "history", flags, ""
    for _ in range(3):
        ends = [rng.choice(("", "current", rng.choice(ids))) for _ in range(2)]
        if rng.random() < 0.2:
            ends[1] = rng.choice(("+1", "+2", rng.choice(ids) + "+1", rng.choice(ids) + "-1"))
        if labels and rng.random() < 0.3:
            ends[0] = rng.choice(labels) + "@" + rng.choice(("base", rng.choice(ids)))
        if ends != ["current", "current"]:  # there: an accident
            yield "history", rng.choice(([], ["-i"], ["-v"])), ":".join(ends)
    for target in (rng.choice(ids), rng.choice(ids)[:3], "heads", "head", "base", "current"):
        yield "show", [], target
    yield "show", [], random_target(rng, revisions)


class Comparison:
    def __init__(self):
        self.counts = collections.Counter()
        self.failures = 0

    def differ(self, place, question, *what):
        self.failures += 1
        if self.failures <= 3:
            print("%s, %s" % (place, question))
            for text in what:
                print(text)

    def one(self, place, question, revisions, rows, alembic, ours):
        any_order = any(len(rev["deps"]) > 1 for rev in revisions)
        outcome, theirs = alembic
        status, text = ours
        kind = question[0] + (" " + " ".join(question[1]) if question[1] else "")
        theirs = on_purpose(question, rows, outcome, theirs)
        result = "on purpose" if theirs is None else "answer" if status == 0 else "failure"
        self.counts[kind, result] += 1
        if theirs is None:
            return
        if (outcome == "answer") != (status == 0):
            self.differ(place, question, "Alembic: %s, ours: status %d" % (outcome, status))
        elif canonical(question[0], theirs, any_order) != canonical(question[0], text, any_order):
            self.differ(place, question, "Alembic:", theirs, "ours:", text)

    def graph(self, number, seed, directory, program, engine, url):
        rng = random.Random("cli %s/%s" % (seed, number))
        revisions = random_graph(rng)
        while has_cycle(revisions):  # none of random_graph's has one; spoiled graphs: compare.py
            revisions = random_graph(rng)
        project = Project(directory, revisions, program, engine, url)
        rows = applied_rows(rng, revisions)
        place = "graph %d of seed %s, rows %s, %s" % (number, seed, rows, directory)
        asked = list(questions(rng, revisions))
        project.store(rows or None)
        ours = [project.ours(question) for question in asked]
        if not rows and project.has_table():
            self.differ(place, "a reading command made the version table")
        for question, answer in zip(asked, ours):
            self.one(place, question, revisions, rows, project.alembic(question), answer)
        failures = self.failures
        self.strangers(place, project)
        if self.failures == failures:
            shutil.rmtree(directory)

    def strangers(self, place, project):
        """On purpose: a row that the checkout does not know is always an error (there: `history -i`
        shows no revision as current)."""
        project.store(["stranger"])
        for question in (("current", [], ""), ("show", [], "current"), ("history", ["-i"], "")):
            if project.ours(question)[0] != 4:
                self.differ(place, question, "a row that is not known is no error")


def main():
    program, url, directory = sys.argv[1:4]
    graphs = int(sys.argv[4]) if len(sys.argv) > 4 else 60
    seed = sys.argv[5] if len(sys.argv) > 5 else "1"
    warnings.simplefilter("error", UserWarning)
    patch_order()
    engine = sqlalchemy.create_engine(url)
    comparison = Comparison()
    for number in range(graphs):
        place = os.path.join(directory, "graph%d" % number)
        comparison.graph(number, seed, place, program, engine, url)
    for (kind, result), count in sorted(comparison.counts.items()):
        print("%-32s %-10s %6d" % (kind, result, count))
    print("%d graphs, %d questions, %d differences"
          % (graphs, sum(comparison.counts.values()), comparison.failures))
    sys.exit(0 if comparison.failures == 0 and comparison.counts else 1)


if __name__ == "__main__":
    main()
