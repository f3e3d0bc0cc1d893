"""Random revision graphs, asked of Alembic and of graph_tool: the answers must be the same.

    PYTHONHASHSEED=0 /usr/bin/python3 compare.py TOOL [GRAPHS [SEED]]

Alembic's own code answers (its command functions, its RevisionMap, its HeadMaintainer) from
revisions that exist in memory only. Where its answer depends on the order of a Python set, ordered
sets are put in its place, which gives the load order. Where deploy-db differs on purpose, the
oracle is made to do as deploy-db does, each time in one place: search for "On purpose".
"""

import builtins
import collections
import contextlib
import io
import random
import subprocess
import sys
import types
import warnings

import alembic.context
from alembic import command, util
from alembic.config import Config
from alembic.runtime import migration
from alembic.script import base as script_base
from alembic.script import revision as script_revision
from picture import read_dot, read_graph
from sqlalchemy.util import OrderedSet

from graphs import (
    ancestors_of, applied_rows, edges_below, has_cycle, random_graph, random_target,
)

# --- Alembic, in a fixed order --------------------------------------------------------------------


class AnySet(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, builtins.set)


class Ordered(OrderedSet, metaclass=AnySet):
    """What the name `set` stands for inside Alembic."""


class OrderedTuple(tuple):
    """In place of the frozen sets of followers."""

    def union(self, other):
        return OrderedTuple(self + tuple(item for item in other if item not in self))


def patch_order():
    script_revision.set = Ordered
    migration.set = Ordered
    script_revision.Revision.nextrev = OrderedTuple()
    script_revision.Revision._all_nextrev = OrderedTuple()

    normalize = script_revision.RevisionMap._normalize_depends_on

    def in_declared_order(self, revisions, map_):
        normalize(self, revisions, map_)
        for rev in revisions:
            kept = rev._normalized_resolved_dependencies
            rev._normalized_resolved_dependencies = tuple(
                dict.fromkeys(dep for dep in rev._resolved_dependencies if dep in kept)
            )

    script_revision.RevisionMap._normalize_depends_on = in_declared_order

    add_branches = script_revision.RevisionMap._add_branches

    def sorted_labels(self, revisions, map_):
        add_branches(self, revisions, map_)
        for rev in map_.values():
            if rev is not None:
                rev.branch_labels = Ordered(sorted(rev.branch_labels))

    script_revision.RevisionMap._add_branches = sorted_labels


def patch_purpose():
    """On purpose: what deploy-db does differently."""

    # Rows that imply each other are never stored: 1.8.1 leaves them when a step is undone whose
    # parents or dependencies are ancestors of each other (later versions: in one case of two).
    unmerge = migration.RevisionStep._unmerge_to_revisions

    def unmerge_to_revisions(self, heads):
        kept = unmerge(self, heads)
        implied = {
            ancestor.revision
            for rev in self.to_revisions
            for ancestor in self.revision_map._get_ancestor_nodes(
                self.revision_map.get_revisions(rev)
            )
            if ancestor.revision != rev
        }
        return tuple(rev for rev in kept if rev not in implied)

    migration.RevisionStep._unmerge_to_revisions = unmerge_to_revisions

    # The same when it is applied: 1.8.1 tries to delete a row that is not there.
    merge = migration.RevisionStep.merge_branch_idents

    def merge_branch_idents(self, heads):
        delete, update_from, update_to = merge(self, heads)
        present = [rev for rev in (*delete, update_from) if rev in heads]
        return present[:-1], present[-1], update_to

    migration.RevisionStep.merge_branch_idents = merge_branch_idents

    # ID-N below a base is refused: it would undo every tree.
    parse = script_revision.RevisionMap._parse_downgrade_target

    def parse_downgrade_target(self, current_revisions, target, assert_relative_length):
        label, found = parse(self, current_revisions, target, assert_relative_length)
        match = script_revision._relative_destination.match(target)
        if found == "base" and match and match.group(2) is not None:
            raise script_revision.RevisionError("below the base")
        return label, found

    script_revision.RevisionMap._parse_downgrade_target = parse_downgrade_target

    script_base.ScriptDirectory._stamp_revs = stamp_on_purpose(
        script_base.ScriptDirectory._stamp_revs
    )
    create = migration.StampStep.should_create_branch

    # Several targets below one row: the second one finds the row gone, and 1.8.1 fails.
    def should_create_branch(self, heads):
        return create(self, heads) or (
            not self.branch_move
            and set(self.from_).difference(heads)
            and set(self.to_).difference(heads)
        )

    migration.StampStep.should_create_branch = should_create_branch


def stamp_on_purpose(stamp_revs):
    """On purpose, for `stamp`: relative targets are understood; base besides a revision is refused
    (there: ignored); a revision that is named twice counts once (there: it fails); what is stored
    and named stays when another target moves the rows (there it is lost: `stamp heads` forgets the
    branches that are at their head)."""

    def stamp(self, texts, rows):
        texts = [absolute(self, text, rows) for text in texts]
        found = [self.get_revisions(text) for text in texts]
        named = {rev.revision for revs in found for rev in revs}
        if named and not all(found):
            raise script_revision.RevisionError("base and another revision")
        steps, seen = [], []
        for step in stamp_revs(self, tuple(texts), rows):
            step.from_ = tuple(rev for rev in step.from_ if rev not in named)
            if not step.from_ and not step.branch_move:
                raise script_revision.RevisionError("related to what is named only: overlaps")
            if not step.to_ or step.to_ not in seen:
                steps.append(step)
            seen.append(step.to_)
        return steps

    return stamp


def absolute(directory, text, rows=None):
    """On purpose: SYMBOL+N and SYMBOL-N are understood everywhere, and +N and -N where the rows are
    known; LABEL@PART is found when one identifier of the branch begins so."""
    map_ = directory.revision_map
    match = script_revision._relative_destination.fullmatch(text)
    label, _, symbol = text.rpartition("@")
    if match is None:
        if not label or symbol in ("head", "heads", "base"):
            return text
        return "%s@%s" % (label, directory.get_revisions(text)[0].revision)
    if match.group(2) is None and rows is None:
        return text
    if match.group(2) is None and match.group(3)[0] == "-":
        label, found = map_._parse_downgrade_target(rows, text, True)
        if found == "base":
            return "%s@base" % (label,)
    else:
        (found,) = map_._parse_upgrade_target(rows or (), text, True)
    if found in (None, "base"):
        raise script_revision.RevisionError("out of the history")
    return "%s@%s" % (label, found.revision) if label else found.revision


class Output(io.StringIO):
    encoding = "utf-8"


class Oracle:
    """Alembic, for one graph."""

    def __init__(self, revisions):
        self.revisions = revisions
        self.directory = script_base.ScriptDirectory("/tmp")
        self.directory.revision_map = script_revision.RevisionMap(self.load)
        self.directory.run_env = self.run_env
        self.rows = ()
        self.steps = ()
        script_base.ScriptDirectory.from_config = lambda config: self.directory
        command.ScriptDirectory.from_config = lambda config: self.directory

    def load(self):
        for rev in self.revisions:
            module = types.ModuleType("revision", rev["doc"])
            module.down_revision = tuple(rev["down"]) or None
            module.branch_labels = tuple(rev["labels"]) or None
            module.depends_on = tuple(rev["deps"]) or None

            def upgrade():
                pass

            def downgrade():
                pass

            module.upgrade, module.downgrade = upgrade, downgrade
            yield script_base.Script(module, rev["id"], rev["path"])

    def run_env(self):
        options = alembic.context._proxy.context_opts
        rows = () if options.get("purge") else self.rows
        self.steps = options["fn"](rows, None)

    def text(self, function, *args, **named):
        out = Output()
        function(Config(stdout=out), *args, **named)
        return out.getvalue()

    def set_line(self, name, ids):
        return ":".join((name, "".join(" " + rev for rev in ids))) + "\n"

    def sets(self):
        map_ = self.directory.revision_map
        out = self.set_line("heads", map_.heads)
        out += self.set_line("effective heads", map_._real_heads)
        out += self.set_line("bases", map_.bases)
        for item in self.revisions:
            rev = map_.get_revision(item["id"])
            out += self.set_line("%s labels" % rev.revision, rev.branch_labels)
            out += self.set_line("  down", rev._normalized_down_revisions)
            out += self.set_line("  next", rev.nextrev)
            out += self.set_line("  all next", rev._all_nextrev)
        return out

    def resolve(self, text):
        found = self.directory.get_revisions(absolute(self.directory, text))
        return self.set_line("revisions", dict.fromkeys(rev.revision for rev in found))

    def move(self, function, target):
        self.text(function, target)
        place = {rev["id"]: n for n, rev in enumerate(self.revisions)}
        maintainer = Maintainer(self.rows)
        out = ""
        for step in self.steps:
            maintainer.update_to_step(step)
            out += "%s\n%s" % (step, "".join(maintainer.changes))
            out += self.set_line("  rows", sorted(maintainer.heads, key=place.get))
            maintainer.changes.clear()
        return out

    def stamp(self, texts, purge):
        self.text(command.stamp, texts, purge=purge)
        place = {rev["id"]: n for n, rev in enumerate(self.revisions)}
        maintainer = Maintainer(() if purge else self.rows)
        for step in self.steps:
            maintainer.update_to_step(step)
        rows = sorted(maintainer.heads, key=place.get)
        # On purpose: a revision is not stored together with its ancestor.
        map_ = self.directory.revision_map
        collections.deque(map_._get_ancestor_nodes(map_.get_revisions(rows), check=True))
        deleted = dict.fromkeys(self.rows) if purge else ()
        out = "".join("  delete %s\n" % rev for rev in deleted) + "".join(maintainer.changes)
        return out + self.set_line("  rows", rows)

    def draw(self, flags):
        """What a picture says once it is read back."""
        map_ = self.directory.revision_map
        out = ""
        for rev in self.directory.walk_revisions():
            doc = rev.doc.splitlines()
            needs = {map_.get_revision(name).revision for name in rev._resolved_dependencies}
            down = " ".join(sorted(rev._versioned_down_revisions))
            if "d" in flags:
                labels = ", ".join(rev.branch_labels)
                out += rev.revision + (" (%s)" % labels if labels else "")
                out += ("\n" + doc[0] if doc else "") + "\n  style "
                out += ",".join(
                    ["filled"] * (rev.revision in self.rows) + ["bold"] * rev.is_head
                )
                out += "\n  to %s\n  needs %s\n" % (down, " ".join(sorted(needs)))
                continue
            rev._db_current_indicator = rev.revision in self.rows
            out += rev.cmd_format(False, include_branches=True, tree_indicators=True)
            if rev.dependencies:
                out += " (depends on %s)" % ", ".join(util.to_tuple(rev.dependencies))
            out += "".join([", " + doc[0]] if doc else []) + "\n"
            out += "".join(row + "\n" for row in doc[1:]) + "  to %s\n" % down
        return out

    def history(self, flags, text):
        start, end = text.split(":")
        if start not in ("", "current"):
            start = absolute(self.directory, start)
        if start.endswith(("@-1", "@-2")) and end.startswith("+"):
            # On purpose: +N may follow LABEL@-N, too.
            found = self.directory.get_revisions(start)
            if len(found) == 1 and found[0] not in (None, "base"):
                start = "%s@%s" % (start.split("@")[0], found[0].revision)
        return self.text(command.history, start + ":" + end, "v" in flags, "i" in flags)

    def answer(self, question):
        name, *args = question
        if name == "new":
            return ""
        if name == "link":
            self.directory.revision_map._revision_map
            # On purpose: every cycle is refused (there: unless heads and bases both reach it).
            return "error" if has_cycle(self.revisions) else "ok\n"
        if name == "sets":
            return self.sets()
        if name == "resolve":
            return self.resolve(*args)
        if name in ("revision", "merge"):
            return self.revise(name, *args)
        self.rows = tuple(args[-1].split(",")) if args and args[-1] else ()
        for rev in self.directory.revision_map._revision_map.values():
            if rev is not None:
                rev._db_current_indicator = None
        flags = args[0] if args else ""
        if name in ("upgrade", "downgrade"):
            return self.move(getattr(command, name), args[0])
        if name == "draw":
            return self.draw(flags)
        if name == "stamp":
            return self.stamp(args[1].split(","), "p" in flags)
        if name == "heads":
            return self.text(command.heads, "v" in flags, "r" in flags)
        if name == "branches":
            return self.text(command.branches, "v" in flags)
        if name == "current":
            return self.current("v" in flags)
        if name == "show":
            # On purpose: -N lists a revision that is N below several heads once.
            found = self.directory.get_revisions(absolute(self.directory, args[0]))
            found = dict.fromkeys(found)
            return "".join(rev.log_entry + "\n" for rev in found)
        return self.history(flags, args[1])

    def revise(self, name, new, heads, labels, deps, flags):
        """What Alembic would write: its template's values, before it writes anything."""
        heads, labels, deps = (text.split(",") if text else [] for text in (heads, labels, deps))
        written = {}
        self.directory._generate_template = lambda src, dest, **values: written.update(values)
        self.directory._ensure_directory = lambda path: None
        script_base.Script._from_path = classmethod(lambda cls, directory, path: None)
        self.directory.generate_revision(
            new, None, head=heads or "head", splice="s" in flags, branch_labels=labels or None,
            depends_on=deps or None,
        )
        down = util.to_list(written["down_revision"]) or []
        self.revise_purpose(name, new, down, labels)
        out = "down:%s\n" % "".join(" " + rev for rev in down)
        out += "labels:%s\n" % "".join(" " + label for label in labels)
        found = dict.fromkeys(util.to_list(written["depends_on"]) or [])
        out += "depends on:%s\n" % "".join(" " + dep for dep in found)
        path = self.directory.get_revision(down[0]).path if down else ""
        return out + "beside: %s\n" % path

    def revise_purpose(self, name, new, down, labels):
        """On purpose: what deploy-db refuses to write."""
        keys = self.directory.revision_map._revision_map
        if len(new) > 32 or set(new) & set(":/") or new in ("head", "heads", "base", "current"):
            raise util.CommandError("identifier")
        if new in keys or any(label in keys or label == new for label in labels):
            raise util.CommandError("used")
        if len(set(labels)) < len(labels) or any(set(label) & set("@:+") for label in labels):
            raise util.CommandError("label")
        if name == "merge" and len(down) < 2:
            raise util.CommandError("nothing to merge")
        below = edges_below(self.revisions)
        for rev in down:
            if ancestors_of(below, below[rev]) & set(down):
                raise util.CommandError("implied")

    def current(self, verbose):
        """Its own order is that of a set."""
        found = self.directory.get_all_current(self.rows)
        place = {rev["id"]: n for n, rev in enumerate(self.revisions)}
        found = sorted(found, key=lambda rev: place[rev.revision])
        return "".join(rev.cmd_format(verbose) + "\n" for rev in found)


class Maintainer(migration.HeadMaintainer):
    """The real one, less the statements."""

    def __init__(self, rows):
        self.heads = Ordered(rows)
        self.changes = []

    def _insert_version(self, version):
        assert version not in self.heads
        self.heads.add(version)
        self.changes.append("  insert %s\n" % version)

    def _delete_version(self, version):
        self.heads.remove(version)
        self.changes.append("  delete %s\n" % version)

    def _update_version(self, from_, to_):
        assert to_ not in self.heads
        self.heads.remove(from_)
        self.heads.add(to_)
        self.changes.append("  update %s to %s\n" % (from_, to_))


# --- mistakes and questions -----------------------------------------------------------------------

def spoil(rng, revisions):
    """A mistake in the graph."""
    rev, other = rng.choice(revisions), rng.choice(revisions)
    mistake = rng.randrange(7)
    if mistake == 0:
        rev["down"] = rev["down"] + ["absent"]
    elif mistake == 1:
        rev["deps"] = rev["deps"] + ["absent"]
    elif mistake == 2:
        revisions.append(dict(rev))
    elif mistake == 3:
        rev["labels"] = rev["labels"] + [other["id"]]
    elif mistake == 4:
        rev["id"] += rng.choice("-+@")
    elif mistake == 5:
        # On purpose: a parent named twice counts once, so it is not asked for.
        other["down"] = list(dict.fromkeys([*other["down"], rev["id"]]))
    else:
        other["deps"] = [*other["deps"], rev["id"]]


def questions_for(rng, revisions):
    """Questions about a graph, those that only read first."""
    ids = [rev["id"] for rev in revisions]
    labels = [label for rev in revisions for label in rev["labels"]]
    asked = [("sets",), ("heads", ""), ("heads", "r"), ("heads", "v"), ("branches", "")]
    asked += [("branches", "v"), ("history", "", ":", ""), ("history", "v", ":", "")]
    asked.append(("show", rng.choice(revisions)["id"]))
    for name in ("resolve", "resolve", "resolve", "resolve", "show"):
        target = random_target(rng, revisions)
        # On purpose: in ID@-N, too, the identifier stands for its branch (there: only a label).
        label, found, _ = target.partition("@-")
        if not found or label not in ids:
            asked.append((name, target))
    for _ in range(3):
        rows = ",".join(applied_rows(rng, revisions))
        asked.append(("current", rng.choice(("", "v")), rows))
        asked += [("draw", "", rows), ("draw", "d", rows)]
        asked.append(("upgrade", "heads", rows))
        asked.append(("downgrade", "base", rows))
        asked.append(("upgrade", random_target(rng, revisions), rows))
        asked.append(("downgrade", random_target(rng, revisions), rows))
        asked.append(("downgrade", rng.choice(revisions)["id"], rows))
        asked.append(("downgrade", rng.choice(("-1", "-2")), rows))
        asked.append(("upgrade", rng.choice(("+1", "+2")), rows))
        ends = [rng.choice(("", "current", rng.choice(ids))) for _ in range(2)]
        if rng.random() < 0.2:
            ends[1] = rng.choice(("+1", "+2", "+3", rng.choice(ids) + "+1", rng.choice(ids) + "-1"))
        if rng.random() < 0.1:
            ends[0] = rng.choice(("head", "heads", rng.choice(ids)))
            ends[0] += rng.choice(("+1", "-1", "-2"))
        if labels and rng.random() < 0.3:
            ends[0] = rng.choice(labels) + "@" + rng.choice(("base", "-1", rng.choice(ids)))
        # On purpose: when nothing is stored, ":current" is nothing (there: everything).
        if ends != ["current", "current"] and (rows or ends[1] != "current"):
            asked.append(("history", rng.choice(("i", "iv")), ":".join(ends), rows))
        asked += stamps_for(rng, revisions, rows)
    rows = ",".join({rev["id"]: 0 for rev in rng.sample(revisions, min(3, len(revisions)))})
    asked.append(("upgrade", "heads", rows))  # often an overlap
    return asked + new_revisions(rng, revisions)


def new_revisions(rng, revisions):
    """Questions about what `revision` and `merge` would write."""
    ids = [rev["id"] for rev in revisions]
    labels = [label for rev in revisions for label in rev["labels"]]

    def some(most, *wanted):
        wanted += (rng.choice(ids), rng.choice(labels or ids))
        chosen = (rng.choice(wanted) for _ in range(most))
        return ",".join(text if rng.random() < 0.9 else text[:4] for text in chosen)

    asked = []
    for name in ("revision", "revision", "revision", "merge", "merge"):
        new = rng.choice((rng.choice(ids), "a-b", "a@b", "heads", "x" * 33))
        if rng.random() < 0.8:
            new = "new1"
        own = rng.choice(("", "", "lab", "lab,lob", "lab,lab", rng.choice(labels or ids), "a@b", new))
        symbols = ("head", "heads", "base", rng.choice(labels or ids) + "@head", "absent")
        heads = some(rng.choice((0, 1, 1, 2) if name == "revision" else (1, 2, 3)), *symbols)
        followed = {down for rev in revisions for down in rev["down"]}
        tips = [rev for rev in ids if rev not in followed]
        if rng.random() < (0.4 if name == "revision" else 0.8):
            heads = ",".join(rng.sample(tips, min(len(tips), rng.choice((1, 2, 2, 3)))))
        deps = some(rng.choice((0, 0, 1, 2)), rng.choice(labels or ids) + "@head")
        asked.append((name, new, heads, own, deps, rng.choice(("", "s"))))
    return asked


def stamps_for(rng, revisions, rows):
    """Questions about `stamp`."""
    ids = [rev["id"] for rev in revisions]
    labels = [label for rev in revisions for label in rev["labels"]]

    def targets():
        count = rng.choice((1, 1, 1, 2, 2, 3))
        likely = [random_target(rng, revisions) for _ in range(count)] + rng.sample(ids, 1)
        return ",".join(rng.sample(likely, count))

    asked = [("stamp", "", targets(), rows) for _ in range(3)]
    several = ",".join(rng.sample(ids, min(len(ids), rng.choice((2, 2, 3)))))
    asked.append(("stamp", "", several, rows))
    asked.append(("stamp", "", rng.choice(("heads", "head", "base", "+1", "-1", "-2")), rows))
    asked.append(("stamp", "", rng.choice(labels + ids[:3]) + "@base", rows))
    # What is purged need not be a state that can be, nor known.
    stored = rng.sample(ids, min(len(ids), rng.randrange(3))) + rng.choice(([], ["gone"]))
    asked.append(("stamp", "p", targets(), ",".join(stored + stored[:1])))
    return asked


def line_of(question):
    return "\t".join(question) + "\n"


def escaped(text):
    for char, name in (("\\", "\\"), ("\n", "n"), ("\t", "t"), ("\r", "r")):
        text = text.replace(char, "\\" + name)
    return text


def rev_line(rev):
    lists = [",".join(rev[key]) for key in ("down", "labels", "deps")]
    return line_of(("rev", rev["id"], *lists, rev["path"], escaped(rev["doc"])))


# --- both, compared -------------------------------------------------------------------------------


def ask_alembic(oracle, question):
    """The answer, or "error"; "crash" when Alembic fails by accident."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return oracle.answer(question)
    except (util.CommandError, script_revision.RevisionError, UserWarning):
        return "error"
    except (AssertionError, KeyError, AttributeError):
        return "crash"


def one_graph(number, seed):
    """(input, [(question, Alembic's answer)])"""
    rng = random.Random("%s/%s" % (seed, number))
    revisions = random_graph(rng)
    if number % 10 == 9:
        spoil(rng, revisions)
    text = line_of(("new",)) + "".join(rev_line(rev) for rev in revisions)
    asked = [("link",)]
    oracle = Oracle(revisions)
    answers = [(("new",), ""), (asked[0], ask_alembic(oracle, asked[0]))]
    if answers[-1][1] == "ok\n":
        asked += questions_for(rng, revisions)
        answers += [(question, ask_alembic(oracle, question)) for question in asked[1:]]
    return text + "".join(map(line_of, asked)), answers


def same(question, expected, got):
    if expected == "crash" and question[0] == "history":
        return True  # a range that Alembic cannot list
    if expected in ("error", "crash"):
        return got.startswith("error:")
    if question[0] == "draw":
        try:
            got = read_dot(got) if "d" in question[1] else read_graph(got)
        except (AssertionError, KeyError, IndexError):
            return False  # no picture
    return got == expected


class Comparison:
    """Asks both, some graphs at a time, and counts."""

    def __init__(self, tool, seed):
        self.tool, self.seed = tool, seed
        self.counts = collections.Counter()
        self.questions = self.differences = 0

    def batch(self, numbers):
        asked = [(number, *one_graph(number, self.seed)) for number in numbers]
        run = subprocess.run(
            [self.tool],
            input="".join(text for _, text, _ in asked).encode(),
            stdout=subprocess.PIPE,
            check=True,
        )
        got = iter(run.stdout.decode().split("? ")[1:])
        for number, text, answers in asked:
            for question, wanted in answers:
                echo, answer = next(got).split("\n", 1)
                assert echo + "\n" == line_of(question), (echo, question)
                self.one(number, text, question, wanted, answer)
        assert next(got, None) is None

    def one(self, number, text, question, wanted, answer):
        self.questions += 1
        kind = wanted if wanted in ("error", "crash") else "answer"
        self.counts[question[0], kind] += 1
        if same(question, wanted, answer):
            return
        self.differences += 1
        if self.differences <= 3:
            print("graph %d of seed %s:\n%s" % (number, self.seed, text.split("link")[0]))
            print("question: %s\nAlembic:\n%s\nours:\n%s" % (question, wanted, answer))

    def report(self, graphs):
        for (name, kind), count in sorted(self.counts.items()):
            if name != "new":
                print("%-10s %-7s %6d" % (name, kind, count))
        total = graphs, self.questions, self.differences
        print("%d graphs, %d questions, %d differences" % total)


def compare(tool, graphs, seed):
    comparison = Comparison(tool, seed)
    for start in range(0, graphs, 100):
        comparison.batch(range(start, min(start + 100, graphs)))
    comparison.report(graphs)
    return comparison.questions > graphs and comparison.differences == 0


def main():
    warnings.simplefilter("error", UserWarning)
    patch_order()
    patch_purpose()
    tool = sys.argv[1]
    graphs = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    seed = sys.argv[3] if len(sys.argv) > 3 else "1"
    sys.exit(0 if compare(tool, graphs, seed) else 1)


main()
