"""PostgreSQL for a run: the server that TEST_DATABASE_URL names, or a throwaway cluster."""

import contextlib
import glob
import os
import pathlib
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "internal" / "testpg" / "cluster.sh"


@contextlib.contextmanager
def postgres():
    """The address of an empty database, which is gone afterwards."""
    with contextlib.ExitStack() as stack:
        server = os.environ.get("TEST_DATABASE_URL") or stack.enter_context(cluster())
        name = f"panal_contract_{secrets.token_hex(4)}"
        sql(server, f"CREATE DATABASE {name}")
        stack.callback(sql, server, f"DROP DATABASE {name} WITH (FORCE)")
        yield urllib.parse.urlsplit(server)._replace(path="/" + name).geturl()


def sql(server, statement):
    # The address may have a password in it, which ps would show.
    subprocess.run(["psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--command={statement}"],
                   env=os.environ | {"PGSERVICEFILE": "/dev/null"} | connection(server), check=True)


def connection(server):
    """libpq's variables for an address."""
    parts = urllib.parse.urlsplit(server)
    query = dict(urllib.parse.parse_qsl(parts.query))
    values = {
        "PGHOST": query.get("host") or parts.hostname,
        "PGPORT": query.get("port") or parts.port,
        "PGUSER": query.get("user") or urllib.parse.unquote(parts.username or ""),
        "PGPASSWORD": query.get("password") or urllib.parse.unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/") or "postgres",
        "PGSSLMODE": query.get("sslmode"),
    }
    return {name: str(value) for name, value in values.items() if value}


@contextlib.contextmanager
def cluster():
    """The address of a server that the script of the Go tests starts.

    The script ends and removes it once its standard input is closed, which the
    kernel does at the latest when this process dies.
    """
    directory = tempfile.mkdtemp(prefix="panal-contract-pg-")
    account = {}
    if os.getuid() == 0:  # as which PostgreSQL refuses to run
        user = pwd.getpwnam("postgres")
        os.chown(directory, user.pw_uid, user.pw_gid)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with open(SCRIPT) as script, tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            ["sh", "-c", script.read(), "cluster.sh", binaries()], cwd=directory, process_group=0,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, **account,
        )
        try:
            if process.stdout.readline() != "ready\n":
                complaints.seek(0)
                sys.exit(f"PostgreSQL did not start:\n{complaints.read()}")
            yield f"postgres://postgres@/postgres?host={urllib.parse.quote(directory, safe='')}&sslmode=disable"
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def binaries():
    """The directory of initdb and pg_ctl."""
    found = shutil.which("initdb")
    if found:
        return os.path.dirname(os.path.realpath(found))
    found = glob.glob("/usr/lib/postgresql/[1-9][0-9]/bin/initdb")
    if not found:
        sys.exit("No PostgreSQL: install it (apt-get install postgresql) or set TEST_DATABASE_URL.")
    return os.path.dirname(max(found))
