# driver.py - asks Alembic what only Alembic can answer, for deploy-db.
#
# It comes on standard input, behind one line that sets DEPLOY_DB to a JSON text with the parameters
# (mode, token, config, section, x, compare_type, compare_server_default), so that it runs wherever
# "python -" runs, in a container too. Each result is a line of the real standard output: the token,
# a blank, a JSON object. Everything that the project prints goes to standard error.
#
# Nothing is changed: sessions are read-only (PGOPTIONS), as is each transaction that SQLAlchemy
# begins, and Alembic is told not to create its version table.
import argparse
import inspect
import json
import os
import sys
import traceback

params = json.loads(DEPLOY_DB)
results = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
sys.stdout = sys.stderr
if sys.path and sys.path[0] == "":  # a folder "alembic" of the project must not hide the package
    del sys.path[0]

READ_ONLY_SQL_TRANSACTION = "25006"


class Failure(Exception):
    def __init__(self, text, hint=""):
        super().__init__(text)
        self.hint = hint


def put(**record):
    results.write((params["token"] + " " + json.dumps(record)).encode() + bytes([10]))


def first_line(text):
    lines = str(text).strip().splitlines()
    return lines[0].strip() if lines else ""


# --- the project ------------------------------------------------------------------------------


def make_config():
    from alembic.config import Config

    ini, toml = params["config"], "pyproject.toml"
    if os.path.basename(ini) == "pyproject.toml":
        ini, toml = "alembic.ini", ini
    options = argparse.Namespace(
        config=ini, name=params["section"], x=params["x"] or None, raiseerr=False, quiet=False,
        cmd=(main, [], []))
    args = {"file_": ini, "ini_section": params["section"], "cmd_opts": options}
    if "toml_file" in inspect.signature(Config.__init__).parameters:
        args["toml_file"] = toml
    return Config(**args)


def run_env(config, script, function):
    """Run env.py; FUNCTION gets the MigrationContext of each database or schema it visits."""
    from alembic.runtime.environment import EnvironmentContext

    def migrations(_heads, context):
        if context.connection is None:
            raise Failure("env.py makes no connection to the database")
        if context.dialect.name != "postgresql":
            raise Failure("env.py connects to %s, not to PostgreSQL" % context.dialect.name)
        function(context)
        return []

    with EnvironmentContext(config, script, fn=migrations, dont_mutate=True):
        script.run_env()


def old_sqlalchemy():
    import sqlalchemy

    return sqlalchemy.__version__.startswith("1.")


def on_connect(function):
    """FUNCTION gets each connection to PostgreSQL before env.py does."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def connected(connection, branch=False):
        if connection.dialect.name == "postgresql" and not branch:
            function(connection)

    event.listen(Engine, "engine_connect",
                 (lambda c, branch: connected(c, branch)) if old_sqlalchemy()
                 else (lambda c: connected(c)))


def guard():
    """Make each transaction read-only, also where PGOPTIONS does not arrive."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def begun(connection):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    def opened(connection):  # old SQLAlchemy begins none of its own; psycopg2 does
        if old_sqlalchemy() and hasattr(connection.connection, "set_session"):
            connection.connection.set_session(readonly=True)

    event.listen(Engine, "begin", begun)
    on_connect(opened)


def sqlstate(error):
    while error is not None:
        for holder in (error, getattr(error, "orig", None)):
            state = getattr(holder, "sqlstate", None) or getattr(holder, "pgcode", None)
            if state:
                return state
        error = error.__cause__
    return ""


# --- revisions --------------------------------------------------------------------------------


def strings(script, name):
    from alembic.util import to_tuple

    value = getattr(script.module, name, None)
    items = to_tuple(value, default=())
    if isinstance(value, (set, frozenset)):
        items = tuple(sorted(items))
    if not all(isinstance(item, str) for item in items):
        raise Failure('%s in "%s" is neither text nor a sequence of texts' % (name, script.path))
    return list(items)


def revisions(config):
    from alembic.script import ScriptDirectory

    found = list(ScriptDirectory.from_config(config)._load_revisions())
    folders = {}
    for script in found:  # before 1.10 the order inside a folder was the file system's
        folders.setdefault(os.path.dirname(script.path), len(folders))
    found.sort(key=lambda s: (folders[os.path.dirname(s.path)], os.path.basename(s.path)))
    for script in found:
        if not isinstance(script.revision, str):
            raise Failure('revision in "%s" is not a text' % script.path)
        put(revision={
            "id": script.revision,
            "doc": script.longdoc or "",
            "path": os.path.abspath(script.path),
            "down": strings(script, "down_revision"),
            "labels": strings(script, "branch_labels"),
            "depends_on": strings(script, "depends_on"),
        })


# --- identity ---------------------------------------------------------------------------------


def ask_identity(cursor):
    cursor.execute("SELECT d.oid::text, d.datname, current_user,"
                   " has_function_privilege('pg_control_system()', 'EXECUTE')"
                   " FROM pg_database d WHERE d.datname = current_database()")
    oid, database, user, allowed = cursor.fetchone()
    system = ""
    if allowed:
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        system = cursor.fetchone()[0]
    cursor.close()
    return {"system_identifier": system, "database_oid": oid, "database": database, "user": user}


def identify(config):
    from alembic.script import ScriptDirectory

    latest = []  # of any connection: for an env.py that wants to write before it gets to migrations
    final = []

    def ask(connection):
        return ask_identity(connection.connection.cursor())

    def connected(connection):
        latest[:] = [ask(connection)]
        connection.connection.rollback()

    on_connect(connected)
    try:
        run_env(config, ScriptDirectory.from_config(config),
                lambda context: final.append(ask(context.connection)))
    except Exception as error:
        if sqlstate(error) != READ_ONLY_SQL_TRANSACTION or not (final or latest):
            raise
    if not final and not latest:
        raise Failure("env.py makes no connection to the database")
    put(identity=(final or latest)[0])


# --- models -----------------------------------------------------------------------------------

IN_MODELS = "is in the models, not in the database"
IN_DATABASE = "is in the database, not in the models"


class Renderer:
    """One difference of Alembic's as an aspect, the object's name and a sentence."""

    def __init__(self, context):
        self.dialect = context.dialect
        self.default_schema = getattr(context.dialect, "default_schema_name", None) or "public"

    def type(self, value):
        try:
            return value.compile(dialect=self.dialect)
        except Exception:
            return type(value).__name__

    def default(self, value):
        if value is None or value is False:
            return "absent"
        text = getattr(value, "sqltext", getattr(value, "arg", value))
        if isinstance(text, str):
            return "'%s'" % text.replace("'", "''")
        if not hasattr(text, "compile"):
            return type(text).__name__.lower()
        return str(text.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True}))

    def where(self, schema, *names):
        """The full name, and the one for the sentence, where the default schema is left out."""
        full = ".".join((schema or self.default_schema,) + names)
        return full, ".".join(((schema,) if schema else ()) + names)

    def column(self, kind, schema, table, column, _existing, old, new):
        full, short = self.where(schema, table, column)
        aspect = {"modify_type": "type", "modify_default": "default"}.get(kind, "other")
        if kind == "modify_nullable":
            what = "%s in the database, %s in the models" % tuple(
                "accepts NULL" if value else "NOT NULL" for value in (old, new))
        elif kind == "modify_comment":
            what = "comment is %s in the database, %s in the models" % tuple(
                "absent" if value is None else json.dumps(value) for value in (old, new))
        else:
            show = self.type if aspect == "type" else self.default
            what = "%s is %s in the database, %s in the models" % (aspect, show(old), show(new))
        return schema, aspect, full, "column %s: %s" % (short, what)

    def item(self, item):
        """What a Table, Index or constraint is called: its schema, its full name, a phrase."""
        table = getattr(item, "table", item)
        full, short = self.where(table.schema, table.name)
        if table is item:
            return table.schema, full, "table " + short
        kind = item.__visit_name__.replace("_", " ")
        columns = getattr(item, "expressions", None) or list(getattr(item, "columns", ()))
        columns = ", ".join(str(getattr(c, "name", None) or c) for c in columns)
        name = "%s " % item.name if item.name else ""
        phrase = "%s %son %s(%s)" % (kind, name, short, columns)
        elements = getattr(item, "elements", None)
        if elements:
            phrase += " to " + ", ".join(element.target_fullname for element in elements)
        return table.schema, "%s.%s" % (full, item.name or columns), phrase

    def render(self, diff):
        kind = diff[0]
        if kind.startswith("modify_"):
            return self.column(*diff)
        here = IN_MODELS if kind.startswith("add_") else IN_DATABASE
        if kind in ("add_column", "remove_column"):
            full, short = self.where(diff[1], diff[2], diff[3].name)
            return diff[1], "other", full, "column %s %s" % (short, here)
        if kind in ("add_table_comment", "remove_table_comment"):
            schema, full, phrase = self.item(diff[1])
            return schema, "other", full, "%s: its comment differs" % phrase
        if hasattr(getattr(diff[1], "table", diff[1]), "schema"):
            schema, full, phrase = self.item(diff[1])
            return schema, "other", full, "%s %s" % (phrase, here)
        raise Failure("env.py makes Alembic report a difference of an unknown kind: %s" % kind)


def models(config):
    from alembic.autogenerate import compare_metadata
    from alembic.script import ScriptDirectory

    compared = []

    def compare(context):
        if context.opts.get("target_metadata") is None:
            raise Failure("env.py gives Alembic no target_metadata",
                          "Set target_metadata in env.py, or models = false in the environment's "
                          "group strict.")
        context._user_compare_type = params["compare_type"]
        context._user_compare_server_default = params["compare_server_default"]
        renderer = Renderer(context)
        for group in compare_metadata(context, context.opts["target_metadata"]):
            for diff in group if isinstance(group, list) else [group]:
                schema, aspect, name, text = renderer.render(diff)
                if schema != "deploy_db":
                    put(difference={"aspect": aspect, "object": name,
                                    "text": " ".join(text.split())})
        compared.append(context)

    try:
        run_env(config, ScriptDirectory.from_config(config), compare)
    except Exception as error:
        if sqlstate(error) != READ_ONLY_SQL_TRANSACTION:
            raise
        if not compared:
            raise Failure("env.py writes to the database before it runs the migrations",
                          "Let env.py write in its migrations only, or set models = false in the "
                          "environment's group strict.") from error
    if not compared:
        raise Failure("env.py does not run the migrations")


# --- one question -----------------------------------------------------------------------------


def explain(error):
    """The sentence and the hint for an exception."""
    from alembic.util import CommandError

    if isinstance(error, Failure):
        return str(error), error.hint
    if isinstance(error, SystemExit):
        return "env.py ended with %s" % json.dumps(str(error.code)), ""
    if isinstance(error, CommandError):
        return first_line(error), ""
    text = "%s: %s" % (type(error).__name__, first_line(getattr(error, "orig", None) or error))
    if isinstance(error, ImportError):
        return text, ("Install the project's requirements for %s, or correct the engine's settings "
                      '"python" and "directory".' % (sys.executable or "python"))
    return text, ""


def main():
    try:
        import alembic
    except ImportError as error:
        put(error="%s cannot import alembic: %s" % (sys.executable or "python", first_line(error)),
            hint="Set the engine's setting \"python\" to the interpreter that has Alembic.")
        return 1
    try:
        guard()
        {"revisions": revisions, "identify": identify, "models": models}[params["mode"]](
            make_config())
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        text, hint = explain(error)
        put(error=text, hint=hint)
        return 1
    put(end=alembic.__version__)
    return 0


status = main()
results.flush()
sys.exit(status)
