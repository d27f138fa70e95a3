//go:build linux || darwin || freebsd

package store

import (
	"fmt"
	"syscall"
)

// freeSpace is what a user other than root may still write.
func freeSpace(dir string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("disk: %w", err)
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:gosec,unconvert // their types differ between systems
}
