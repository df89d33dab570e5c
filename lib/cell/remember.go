package cell

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sparse-attention/workbench/lib/figure"
)

// Remember returns what compute returns, and computes it only once for a configuration and the code that makes it: each cell
// of a notebook is a program of its own, and several may need the same simulation. The value is kept in the user's cache
// folder under the hashes of config and of the Go sources of packages with all that they import, so that a change of
// either computes it anew. T must survive encoding/gob: exported fields only. A cache that cannot be read or written is no
// error; the value is then computed.
func Remember[T any](name string, config any, packages []string, compute func() (T, error)) T {
	path, err := remembered(name, config, packages)
	if err != nil {
		return Must(compute())
	}
	if v, err := recall[T](path); err == nil {
		return v
	}
	v := Must(compute())
	if err := memorise(path, v); err != nil {
		fmt.Fprintf(stderr(), "cell: %s is not remembered: %v\n", name, err)
	}
	return v
}

// remembered is the file of a value.
func remembered(name string, config any, packages []string) (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	configHash, err := figure.ConfigHash(config)
	if err != nil {
		return "", err
	}
	code, err := figure.CodeHash(Root(), packages...)
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, "sparse-attention-workbench", fmt.Sprintf("%s-%s-%s.gob", name, configHash, code)), nil
}

func recall[T any](path string) (v T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	return v, gob.NewDecoder(f).Decode(&v)
}

// memorise writes beside and renames, so that another cell never reads half a value.
func memorise[T any](path string, v T) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "*.tmp")
	if err != nil {
		return err
	}
	err = errors.Join(gob.NewEncoder(f).Encode(&v), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		if e := os.Remove(f.Name()); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
