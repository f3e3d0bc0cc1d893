"doc"; revision = down_revision = "a"; x += 1
from y import *
exec("z")
def f(): global revision
revision: Union["=", None] = """b"""
__doc__ = None
