# Makes a PostgreSQL cluster in the current directory, prints "ready" when it
# answers, and removes it once standard input is closed.
#
# $1: the directory of initdb and pg_ctl
dir=$PWD

remove() {
	cd / && rm -rf "$dir"
}

# The C locale exists everywhere and sorts text by its bytes, as SQLite does.
if ! "$1/initdb" -D data -U postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >&2; then
	remove
	exit 1
fi

# Nothing here has to survive a crash, nothing listens on the network, and the
# directory may be memory, so the log stays small.
cat >>data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
min_wal_size = 32MB
max_wal_size = 128MB
END

if ! "$1/pg_ctl" start -D data -l log >&2; then
	cat log >&2
	remove
	exit 1
fi

echo ready
read -r _

# Immediate: the data is about to be deleted, so nobody waits for a checkpoint.
"$1/pg_ctl" stop -D data -m immediate >&2
remove
