"""The keys of deploy-db-json(5) against those that the program prints.

    python3 keys.py PAGE < LINES

Each line is a title of the page (DOCUMENTS or OBJECTS), a tab, and a document in one line. Objects
inside of it are checked by the title that their place has in NESTED. Every documented key must have
been printed, those that may be absent too.
"""

import json
import re
import sys

NESTED = {
    ("heads", "heads"): "revision",
    ("history", "history"): "revision",
    ("branches", "branches"): "branch",
    ("branch", "revision"): "revision",
    ("branch", "children"): "revision",
    ("show", "revisions"): "revision",
    ("current", "current"): "revision",
    ("new revision", "revision"): "written revision",
    ("status", "current"): "revision",
    ("status", "heads"): "revision",
    ("status", "pending"): "revision",
    ("status", "problems"): "problem",
    ("status", "last_run"): "last run",
    ("status", "snapshot"): "newest snapshot",
    ("status", "kept"): "kept database",
    ("check", "current"): "revision",
    ("check", "pending"): "revision",
    ("check", "problems"): "problem",
    ("plan", "pending"): "revision",
    ("plan", "problems"): "problem",
    ("plan", "hazards"): "hazard",
    ("plan", "recovery"): "rung",
    ("log", "runs"): "run of the log",
    ("snapshot list", "snapshots"): "file",
    ("snapshot push", "transfers"): "transfer",
    ("file", "verifications"): "verification",
    ("newest snapshot", "verifications"): "verification",
    ("newest snapshot", "copies"): "copy",
    ("copy", "verifications"): "verification",
    ("snapshot show", "verifications"): "verification",
    ("snapshot show", "tables"): "stored table",
    ("snapshot prune", "stores"): "pruned store",
    ("pruned store", "files"): "pruned file",
    ("pruned store", "error"): "problem",
    ("run", "written_since"): "written",
    ("run", "error"): "problem",
    ("run", "masked"): "masked table",
    ("masked table", "columns"): "masked column",
    ("run", "left_empty"): "table",
    ("run", "tables"): "restored table",
    ("plugins", "plugins"): "plugin",
    ("failure", "error"): "problem",
}


def documented(page):
    """{title: ({key always there}, {key that may be absent})}"""
    titles, title = {}, None
    for line in page:
        heading = re.match(r"\.S([hs]) (.*)", line)
        if heading:
            title = heading.group(2) if heading.group(1) == "s" else None
            if title:
                titles[title] = (set(), set())
        key = re.match(r"\.It (Op )?Va (\S+)", line)
        if key and title:
            titles[title][1 if key.group(1) else 0].add(key.group(2))
    return titles


class Check:
    def __init__(self, titles):
        self.titles, self.seen, self.failures = titles, {}, 0

    def fail(self, *what):
        print(*what)
        self.failures += 1

    def one(self, title, document):
        always, optional = self.titles[title]
        keys = set(document)
        for key in keys - always - optional:
            self.fail(title, "prints a key that the page does not have:", key)
        for key in always - keys:
            self.fail(title, "does not print:", key)
        self.seen.setdefault(title, set()).update(keys)
        for key, value in document.items():
            inner = NESTED.get((title, key))
            values = value if isinstance(value, list) else [value]
            objects = [item for item in values if isinstance(item, dict)]
            if objects and inner is None:
                self.fail(title, "has objects that the page does not have:", key)
            for item in objects if inner else []:
                self.one(inner, item)

    def end(self):
        for title, (always, optional) in self.titles.items():
            for key in (always | optional) - self.seen.get(title, set()):
                self.fail(title, "documents a key that was never printed:", key)


def main():
    with open(sys.argv[1], encoding="utf-8") as page:
        check = Check(documented(page))
    for line in sys.stdin:
        title, document = line.rstrip("\n").split("\t", 1)
        check.one(title, json.loads(document))
    check.end()
    sys.exit(1 if check.failures else 0)


main()
