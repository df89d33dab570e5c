package scoreboard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sparse-attention/workbench/kernel/durable"
)

// The files of a figures folder.
const (
	VerdictsFile = "verdicts.csv"
	BoardFile    = "scoreboard.csv"
	IndexFile    = "index.html"
)

// Merge joins the verdicts of all papers in a figures folder, in the order of the papers' folders; inside a paper the order
// is the notebook's own.
func Merge(dir string) ([]Row, error) {
	files, err := filepath.Glob(filepath.Join(escape(dir), "*", VerdictsFile)) // sorted
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, path := range files {
		more, err := Read(path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// Write merges the verdicts below dir and writes scoreboard.csv and index.html; it returns the rows.
func Write(dir string) ([]Row, error) {
	rows, err := Merge(dir)
	if err != nil {
		return nil, err
	}
	page, err := Page(dir, rows)
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(filepath.Join(dir, BoardFile), Bytes(rows)); err != nil {
		return nil, err
	}
	return rows, durable.WriteFile(filepath.Join(dir, IndexFile), page)
}

// Load reads the scoreboard of a figures folder.
func Load(dir string) ([]Row, error) {
	path := filepath.Join(dir, BoardFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no scoreboard yet; go run ./kernel figures writes it", path)
	}
	return Read(path)
}

// escape takes the special meaning from the letters of a folder's name.
func escape(dir string) string {
	var out []rune
	for _, r := range dir {
		if r == '*' || r == '?' || r == '[' {
			out = append(out, '[', r, ']')
			continue
		}
		out = append(out, r)
	}
	return string(out)
}
