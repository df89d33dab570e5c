package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile replaces the file at path by data. An existing file keeps its permissions, a new one gets 0o644. The error
// names path, and nothing new is left in its folder.
func WriteFile(path string, data []byte) error {
	if err := write(path, data); err != nil {
		return fmt.Errorf("%s: not written: %w", path, cause(err))
	}
	return nil
}

func write(path string, data []byte) (err error) {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return errors.New("is a folder")
		}
		mode = info.Mode().Perm()
		// A rename would replace even a read-only file; the user's permission says otherwise.
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		f.Close()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// cause strips the name of the temporary file from an error of package os: the caller's path is the one that matters.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}

// Writable says whether WriteFile could write path, so that a long run need not end in a refusal.
func Writable(path string) error {
	var old []byte
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := write(path, nil); err != nil {
			return fmt.Errorf("%s: cannot be written: %w", path, cause(err))
		}
		return os.Remove(path)
	}
	if err == nil {
		err = write(path, old)
	}
	if err != nil {
		return fmt.Errorf("%s: cannot be written: %w", path, cause(err))
	}
	return nil
}
