package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func refuseExisting(path string, overwrite bool) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && overwrite:
		return nil
	case err == nil:
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	return fmt.Errorf("look for the file: %w", err)
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from) //nolint:gosec // the operator's choice
	if err != nil {
		return fmt.Errorf("open backup: %w", err)
	}
	defer func() { _ = source.Close() }() // only read
	if err := removeFile(to); err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // beside the database
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	_, err = io.Copy(target, source)
	if err = errors.Join(err, target.Close()); err != nil {
		return fmt.Errorf("copy backup: %w", err)
	}
	return nil
}

// installFile gives a file its name in one step, when all of it is on the disk.
func installFile(part, path string) error {
	if err := syncFile(part); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("name file: %w", err)
	}
	return syncFile(filepath.Dir(path))
}

func syncFile(path string) error {
	file, err := os.Open(path) //nolint:gosec // written here, or its directory
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove file: %w", err)
	}
	return nil
}
