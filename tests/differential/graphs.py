"""Random revision graphs, states of a database, and targets; for compare.py and cli.py."""

DOCS = (
    "",
    "add a table",
    "  two lines\nof one paragraph  ",
    "short\n\nRevision ID: x\nRevises: y\n",
    "größer – größer",
    "\r\nmixed\r\nline ends\x0b, a\x0cform feed,\u2028a separator\u0085end",
)
LABELS = ("net", "netw", "shop", "a-b", "ümlaut", "billing", "sto", "abab", "x_1")


def random_id(rng, used):
    while True:
        style = rng.randrange(10)
        if style == 0:
            new = "é" + "".join(rng.choice("ab") for _ in range(rng.randint(1, 4)))
        elif style < 5:
            new = "".join(rng.choice("ab1") for _ in range(rng.randint(3, 7)))
        else:
            new = "".join(rng.choice("0123456789abcdef") for _ in range(12))
        if new not in used:
            used.add(new)
            return new


def random_graph(rng):
    size = 120 if rng.random() < 0.01 else rng.choice((1, 2, 3, 5, 8, 12, 20, 35))
    shape = rng.choice(("line", "branches", "wide", "merges", "any"))
    forks = {"line": 0, "branches": 0.2, "wide": 0.6, "merges": 0.3, "any": 0.3}[shape]
    merges = {"line": 0, "branches": 0, "wide": 0.1, "merges": 0.4, "any": 0.2}[shape]
    bases = rng.choice((0, 0, 0.05, 0.2))
    dependencies = rng.choice((0, 0, 0.1, 0.3))
    labelled = rng.choice((0, 0.05, 0.3))
    used, labels, revisions = set(LABELS), list(LABELS), []
    rng.shuffle(labels)
    for n in range(size):
        rev = dict(id=random_id(rng, used), down=[], labels=[], deps=[])
        if n > 0 and rng.random() >= bases:
            followed = {down for other in revisions for down in other["down"]}
            heads = [other["id"] for other in revisions if other["id"] not in followed]
            if rng.random() < forks:
                heads = [other["id"] for other in revisions]
            count = rng.choice((2, 2, 3)) if rng.random() < merges else 1
            rev["down"] = rng.sample(heads, min(count, len(heads)))
        if n > 0 and rng.random() < dependencies:
            names = [other["id"] for other in revisions]
            names += [label for other in revisions for label in other["labels"]]
            rev["deps"] = rng.sample(names, min(rng.choice((1, 1, 2, 3)), len(names)))
        if labels and rng.random() < labelled:
            rev["labels"] = [labels.pop() for _ in range(min(len(labels), rng.choice((1, 1, 2))))]
        rev["path"] = "/srv/app/versions/%s_.py" % rev["id"]
        rev["doc"] = rng.choice(DOCS)
        revisions.append(rev)
    order = rng.randrange(3)
    if order == 1:
        revisions.sort(key=lambda rev: rev["id"])
    elif order == 2:
        rng.shuffle(revisions)
    return revisions


def edges_below(revisions):
    names = {rev["id"]: rev for rev in revisions}
    names.update((label, rev) for rev in revisions for label in rev["labels"])
    return {
        rev["id"]: [names[name]["id"] for name in rev["down"] + rev["deps"]] for rev in revisions
    }


def ancestors_of(below, start):
    """With themselves, over all edges."""
    found, todo = set(), list(start)
    while todo:
        rev = todo.pop()
        if rev not in found:
            found.add(rev)
            todo.extend(below[rev])
    return found


def has_cycle(revisions):
    below = edges_below(revisions)
    while below:
        ready = [rev for rev, downs in below.items() if not any(down in below for down in downs)]
        if not ready:
            return True
        for rev in ready:
            del below[rev]
    return False


def applied_rows(rng, revisions):
    """The rows of a state that can be: the newest of a set that is closed below."""
    below = edges_below(revisions)

    def ancestors(start):
        return ancestors_of(below, start)

    if rng.random() < 0.2:
        applied = set(below)
    else:
        applied = ancestors(rng.sample(sorted(below), min(len(below), rng.randrange(4))))
    implied = ancestors(name for rev in applied for name in below[rev])
    return [rev["id"] for rev in revisions if rev["id"] in applied - implied]


def random_target(rng, revisions):
    ids = [rev["id"] for rev in revisions]
    labels = [label for rev in revisions for label in rev["labels"]]
    symbol = rng.choice(
        (
            rng.choice(ids),
            rng.choice(ids),
            rng.choice(ids)[: rng.randint(1, 5)],
            rng.choice(labels or ids),
            "head",
            "heads",
            "base",
            "absent",
        )
    )
    prefix = ""
    if rng.random() < 0.25:
        prefix = rng.choice(labels + ids[:3]) + "@"
    kind = rng.randrange(10)
    # On purpose: a label with a sign in it may be the start of a relative form, too.
    if kind == 0 and "-" not in symbol:
        # On purpose: base-N, which is above the base there, is refused, so it is not asked for.
        steps = ("+1", "+2", "+0") if symbol == "base" else ("+1", "+2", "-1", "-2", "+0")
        return prefix + symbol + rng.choice(steps)
    if kind < 3:
        return prefix + rng.choice(("+1", "+2", "+3", "-1", "-2", "-3", "+0"))
    return prefix + symbol
