package testpg

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
)

var errNoPostgres = errors.New(`no PostgreSQL for the tests. Any one of these helps:
    apt-get install postgresql         (Debian, Ubuntu)
    brew install postgresql@17         (macOS)
    TEST_DATABASE_URL=postgres://...   (a server on which the tests may create databases)`)

// binaryDirs is where packagers put initdb without adding it to PATH. The
// two-digit patterns let an alphabetical order stand for the versions' order.
var binaryDirs = []string{
	"/usr/lib/postgresql/[1-9][0-9]/bin",
	"/usr/pgsql-[1-9][0-9]/bin",
	"/usr/local/pgsql/bin",
	"/opt/homebrew/opt/postgresql@[1-9][0-9]/bin",
	"/usr/local/opt/postgresql@[1-9][0-9]/bin",
	"/Applications/Postgres.app/Contents/Versions/[1-9][0-9]/bin",
}

//go:embed cluster.sh
var clusterScript string

// theServer finds or starts the server on its first call and returns the same
// one, or the same error, ever after.
var theServer = sync.OnceValues(findOrStart)

func findOrStart() (*server, error) {
	if address := os.Getenv("TEST_DATABASE_URL"); address != "" {
		admin, err := url.Parse(address)
		if err != nil || admin.Scheme != "postgres" && admin.Scheme != "postgresql" {
			// The parser's error would repeat the password.
			return nil, errors.New("TEST_DATABASE_URL is not a postgres:// URL")
		}
		return &server{admin: *admin}, nil
	}
	binaries, err := findBinaries(binaryDirs)
	if err != nil {
		return nil, err
	}
	return startCluster(binaries)
}

func findBinaries(patterns []string) (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		// Its siblings, postgres and pg_ctl, are where the link leads.
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(initdb), nil
		}
	}
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(pattern, "initdb"))
		if err != nil {
			return "", fmt.Errorf("look for initdb: %w", err)
		}
		if len(found) > 0 {
			return filepath.Dir(slices.Max(found)), nil
		}
	}
	return "", errNoPostgres
}

// startCluster starts a server that only this user can reach, over a socket in
// a private directory. The script ends it, and removes the directory, once its
// standard input is closed; the kernel closes that when this process dies,
// even of a panic, a test timeout or a kill -9.
func startCluster(binaries string) (*server, error) {
	dir, err := os.MkdirTemp(memory(), "panal-testpg-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for PostgreSQL: %w", err)
	}
	// In a process group of its own the script outlives a Ctrl-C at the
	// terminal, which would otherwise end it before it has cleaned up.
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		attributes.Credential, err = giveAway(dir)
		if err != nil {
			return nil, errors.Join(err, os.Remove(dir))
		}
	}

	var complaints bytes.Buffer
	script := exec.Command("sh", "-c", clusterScript, "cluster.sh", binaries) //nolint:gosec,noctx // our own script, ended by its input
	script.Dir = dir
	// Nothing of the caller's: PGDATA or PGHOST would lead astray, and the
	// time zone and language become the cluster's own defaults.
	script.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	script.SysProcAttr = attributes
	script.Stderr = &complaints
	stdin, err := script.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	stdout, err := script.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := script.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), os.Remove(dir))
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		_ = stdin.Close()
		return nil, fmt.Errorf("start PostgreSQL from %s: %w\n%s", binaries, script.Wait(), complaints.Bytes())
	}
	atExit(func() error {
		if err := errors.Join(stdin.Close(), script.Wait()); err != nil {
			return fmt.Errorf("stop PostgreSQL: %w\n%s", err, complaints.Bytes())
		}
		return nil
	})
	return &server{admin: url.URL{
		Scheme:   "postgres",
		User:     url.User("postgres"),
		Path:     "/postgres",
		RawQuery: url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode(),
	}}, nil
}

// memory returns a directory that is kept in memory, or "" for the ordinary
// temporary one. Creating a database writes some 300 files: on a slow disk
// that costs ten times as much. A container's usual 64 MB would not do.
func memory() string {
	const dir, enough = "/dev/shm", 1 << 30
	var free syscall.Statfs_t
	if syscall.Statfs(dir, &free) != nil || free.Bavail < enough/uint64(free.Bsize) { //nolint:gosec // a block has a size
		return ""
	}
	return dir
}

// giveAway makes the directory another user's and returns that user, because
// PostgreSQL refuses to run as root.
func giveAway(dir string) (*syscall.Credential, error) {
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user other than root for PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", account.Username, err)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("give the directory to %s: %w", account.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

var exits struct {
	sync.Mutex
	functions []func() error
}

func atExit(f func() error) {
	exits.Lock()
	defer exits.Unlock()
	exits.functions = append(exits.functions, f)
}

// cleanUp runs what atExit collected, the last first: the databases go before
// the server does.
func cleanUp() error {
	exits.Lock()
	defer exits.Unlock()
	var errs []error
	for _, f := range slices.Backward(exits.functions) {
		errs = append(errs, f())
	}
	exits.functions = nil
	return errors.Join(errs...)
}
