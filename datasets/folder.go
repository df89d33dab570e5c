package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoData matches, with errors.Is, every error that means: these files are not on this machine. Damaged files and a
// data folder that was named but does not exist are other errors.
var ErrNoData = errors.New("no data")

// NoDataError says what was looked for and where. It matches ErrNoData.
type NoDataError struct {
	Want   string   // the folder or file
	Looked []string // every place that was tried
	Remedy string   // what the user can do
}

func (e *NoDataError) Error() string {
	return fmt.Sprintf("datasets: no %s: looked for %s; %s", e.Want, strings.Join(e.Looked, ", "), e.Remedy)
}

// Is makes errors.Is(err, ErrNoData) true.
func (e *NoDataError) Is(target error) bool { return target == ErrNoData }

const folderVariable = "WORKBENCH_DATA"

// DataRoot is the folder of third-party data: option if not empty, else the environment's WORKBENCH_DATA, else shared/data
// beside the folder of the module. A folder named by option or environment must exist.
func DataRoot(option string) (string, error) {
	for _, named := range []struct{ path, by string }{{option, "Options.Data"}, {os.Getenv(folderVariable), folderVariable}} {
		if named.path == "" {
			continue
		}
		if info, err := os.Stat(named.path); err != nil {
			return "", fmt.Errorf("datasets: %s is %q, must be a folder: %w", named.by, named.path, plain(err))
		} else if !info.IsDir() {
			return "", fmt.Errorf("datasets: %s is %q, must be a folder, is a file", named.by, named.path)
		}
		return named.path, nil
	}
	remedy := "name one with --data or " + folderVariable
	root, err := moduleRoot()
	if err != nil {
		return "", &NoDataError{"data folder", []string{folderVariable + " (unset)"}, remedy}
	}
	path := filepath.Join(root, "..", "shared", "data")
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return "", &NoDataError{"data folder", []string{folderVariable + " (unset)", path}, remedy}
	}
	return path, nil
}

// Find gives the path of a file or folder under the data folder, parts joined.
func Find(dataDir string, parts ...string) (string, error) {
	return findAny(dataDir, filepath.Join(parts...))
}

// findAny gives the first of several relative paths that exists under the data folder.
func findAny(dataDir string, alternatives ...string) (string, error) {
	root, err := DataRoot(dataDir)
	if err != nil {
		return "", err
	}
	missing := &NoDataError{Want: alternatives[0], Remedy: "put the official files there"}
	for _, a := range alternatives {
		path := filepath.Join(root, a)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("datasets: %s: %w", path, plain(err))
		}
		missing.Looked = append(missing.Looked, path)
	}
	return "", missing
}

// moduleRoot is WORKBENCH_ROOT, which the kernel sets for notebook cells, or the nearest folder upwards with a go.mod.
func moduleRoot() (string, error) {
	if root := os.Getenv("WORKBENCH_ROOT"); root != "" {
		return root, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fs.ErrNotExist
		}
		dir = parent
	}
}

// plain drops the operation and path that our message already names.
func plain(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
