revision, down_revision = "a", "b"
if x:
	branch_labels = ["c"]
depends_on = {"d", r"e\", u"\u00e9\x41\101\N{BULLET}"}
