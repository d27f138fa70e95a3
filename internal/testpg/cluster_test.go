package testpg

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"testing"
)

// keepsCluster makes this test binary a process that starts a cluster, prints
// its address and then waits to be killed.
const keepsCluster = "TESTPG_KEEP_CLUSTER"

func TestClusterDiesWithItsProcess(t *testing.T) {
	if os.Getenv(keepsCluster) != "" {
		s, err := theServer()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(s.admin.String())
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent, should that die first
		return
	}
	if _, err := findBinaries(binaryDirs); err != nil {
		stop(t, err)
	}

	// The child and everything it starts inherit this pipe's writing end, so
	// its end of file says that the last of them is gone.
	lives, alive, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), keepsCluster+"=1", "TEST_DATABASE_URL=")
	child.ExtraFiles = []*os.File{alive}
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if err := alive.Close(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err, child.Wait())
	}
	address, err := url.Parse(line[:len(line)-1])
	if err != nil {
		t.Fatal(err)
	}
	dir := address.Query().Get("host")
	if _, err := os.Stat(dir); err != nil {
		t.Fatal("the cluster is not where its address says:", err)
	}

	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lives); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory outlives the killed process: %v", err)
	}
	_ = child.Wait() // its error is that it was killed
}
