"""Pictures of a revision graph, read back: who is in them, and who is joined to whom.

Both functions give lines of text: one a revision, in the order of the picture, then what leads from
it to others.
"""

import re

NODE, LINE, ACROSS, HUB, MORE, OPEN, CLOSE = "●│─├┬╮╯"


def cells_and_text(row):
    """The columns of a row, and what stands beside them."""
    n = 0
    while n < len(row) and row[n] in NODE + LINE + ACROSS + HUB + MORE + OPEN + CLOSE + " ":
        n += 1
    return row[:n:2], row[n:]


def read_graph(text):
    """What draw_graph() drew."""
    lines = {}  # by column: the revisions whose line comes down there
    names, texts, parents = [], {}, {}
    for row in text.splitlines():
        cells, words = cells_and_text(row)
        hub = cells.find(HUB)
        before, lines = lines, {}
        for column, cell in enumerate(cells):
            above = before.get(column, [])
            assert bool(above) or cell not in LINE + HUB + CLOSE, row
            assert not above or cell not in ACROSS + MORE + OPEN, row
            if cell == NODE:
                name = words.split()[0].rstrip(",")
                names.append(name)
                texts[name], parents[name] = [words], []
                for child in above:
                    parents[child].append(name)
                lines[column] = [name]
            elif cell in LINE + HUB:
                lines[column] = list(above)
            elif cell in MORE + OPEN:
                lines[column] = list(before[hub])
            elif cell == CLOSE:
                lines[hub] += above
        if words and NODE not in cells:
            texts[names[-1]].append(words)
    out = ""
    for name in names:
        out += "\n".join(texts[name]) + "\n  to %s\n" % " ".join(sorted(parents[name]))
    return out


QUOTED = r'"((?:[^"\\]|\\.)*)"'
DOT_NODE = re.compile(r'    %s \[label=%s(?:, style="([a-z,]*)")?\];' % (QUOTED, QUOTED))
DOT_EDGE = re.compile(r"    %s -> %s( \[style=dashed\])?;" % (QUOTED, QUOTED))


def unquoted(text):
    text = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)
    return text.replace("&amp;", "&")


def read_dot(text):
    """What draw_dot() wrote."""
    rows = text.splitlines()
    assert rows[0] == "digraph revisions {" and rows[1].startswith("    node [")
    assert rows[-1] == "}"
    labels, styles, parents, needs = {}, {}, {}, {}
    for row in rows[2:-1]:
        node, edge = DOT_NODE.fullmatch(row), DOT_EDGE.fullmatch(row)
        assert bool(node) != bool(edge), row
        if node:
            name = unquoted(node[1])
            assert name not in labels, row
            labels[name], styles[name] = unquoted(node[2]), node[3] or ""
            parents[name], needs[name] = [], []
        else:
            (needs if edge[3] else parents)[unquoted(edge[1])].append(unquoted(edge[2]))
    out = ""
    for name in labels:
        out += "%s\n  style %s\n" % (labels[name], styles[name])
        out += "  to %s\n" % " ".join(sorted(parents[name]))
        out += "  needs %s\n" % " ".join(sorted(needs[name]))
    return out
