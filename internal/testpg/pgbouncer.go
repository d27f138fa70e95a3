package testpg

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var errNoPgBouncer = errors.New("no PgBouncer for the tests: apt-get install pgbouncer helps")

// The end of standard input ends PgBouncer: the kernel sees to that even if this
// process is killed.
const pgbouncerScript = `"$1" pgbouncer.ini & read -r _; kill "$!"; wait; cd /; rm -rf "$OLDPWD"`

// placeholder is where PostgreSQL is by the configuration that is tested.
const placeholder = "panal = host=db port=5432"

// Pooled returns the URLs of a new, empty database, through a PgBouncer of the
// test's own and directly. It has the configuration in the file but for
// addresses, authentication and a pool of four connections.
func Pooled(tb testing.TB, config string) (pooled, direct string) {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer") // not in every user's PATH
	}
	if err != nil {
		stop(tb, errNoPgBouncer)
	}
	ini, err := os.ReadFile(config) //nolint:gosec // the test's choice
	if err != nil {
		tb.Fatal(err)
	}
	direct = URL(tb)
	dir, err := os.MkdirTemp("", "panal-pgbouncer-") //nolint:usetesting // whose path is too long for a socket, and which cannot be given away
	if err != nil {
		tb.Fatal(err)
	}
	address, err := url.Parse(direct)
	if err != nil {
		tb.Fatal("the address of PostgreSQL is not valid")
	}
	if err := configure(dir, string(ini), address); err != nil {
		tb.Fatal(err)
	}
	startPgBouncer(tb, program, dir)
	return (&url.URL{
		Scheme: "postgres", User: address.User, Path: address.Path,
		RawQuery: url.Values{"host": {dir}, "port": {"6432"}, "sslmode": {"disable"}}.Encode(),
	}).String(), direct
}

func configure(dir, ini string, address *url.URL) error {
	target := fmt.Sprintf("* = host=%s port=%s", cmp.Or(address.Hostname(), address.Query().Get("host")), cmp.Or(address.Port(), "5432"))
	if strings.Count(ini, placeholder) != 1 {
		return fmt.Errorf("the configuration has no line that begins with %q", placeholder)
	}
	ini = strings.Replace(ini, placeholder, target, 1) + fmt.Sprintf(`
listen_addr =
unix_socket_dir = %s
auth_type = trust
auth_file = userlist.txt
default_pool_size = 4
`, dir)
	password, _ := address.User.Password()
	users := fmt.Sprintf("%q %q\n", address.User.Username(), password)
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "pgbouncer.ini"), []byte(ini), 0o644),  //nolint:gosec // read by the user that PgBouncer runs as
		os.WriteFile(filepath.Join(dir, "userlist.txt"), []byte(users), 0o644), //nolint:gosec // in a private directory
	)
}

func startPgBouncer(tb testing.TB, program, dir string) {
	tb.Helper()
	script := exec.Command("sh", "-c", pgbouncerScript, "pgbouncer.sh", program) //nolint:gosec,noctx // our own script, ended by its input
	script.Dir = dir
	script.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		var err error
		if script.SysProcAttr.Credential, err = giveAway(dir); err != nil {
			tb.Fatal(err)
		}
	}
	stdin, err := script.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stderr, err := script.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := script.Start(); err != nil {
		tb.Fatal(err)
	}
	var log strings.Builder
	lines := bufio.NewScanner(stderr)
	for up := false; !up; {
		if !lines.Scan() {
			tb.Fatalf("PgBouncer did not start: %v\n%s", script.Wait(), log.String())
		}
		log.WriteString(lines.Text() + "\n")
		up = strings.Contains(lines.Text(), "process up")
	}
	ended := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, stderr) // a full pipe would stop it
		ended <- errors.Join(err, script.Wait())
	}()
	tb.Cleanup(func() {
		if err := errors.Join(stdin.Close(), <-ended); err != nil {
			tb.Error("stop PgBouncer:", err)
		}
	})
}
