package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

func init() {
	openers["imdb"] = func(o Options) (*Dataset, error) { return openIMDb("imdb", Pointed, o) }
	openers["imdb-bytes"] = func(o Options) (*Dataset, error) { return openIMDb("imdb-bytes", Bytes, o) }
}

var (
	imdbClasses = []string{"negative", "positive"}
	imdbFolders = map[string]int32{"neg": 0, "pos": 1} // of the official archive
)

// imdbDev takes every tenth training review for the dev split: 22,500 / 2,500 / 25,000. The Long Range Arena validates on
// the test split instead, which lets early stopping see it.
const imdbDev = 10

// openIMDb reads the reviews of Maas et al. (ACL 2011) from imdb/{train,test}.tsv.gz or from the official archive's
// folder aclImdb. At byte level it is the Text task of the Long Range Arena, whose ids differ from ours by the reserved ones.
func openIMDb(name string, level Level, o Options) (*Dataset, error) {
	root, err := findAny(o.Data, filepath.Join("imdb", "train.tsv.gz"), filepath.Join("aclImdb", "train"))
	if err != nil {
		return nil, err
	}
	read := readReviews
	if filepath.Base(root) == "train" {
		read = readReviewFolder
	}
	d := &Dataset{Name: name, Classes: imdbClasses}
	all, err := read(filepath.Dir(root), "train")
	if err != nil {
		return nil, err
	}
	for i, e := range all {
		if i%imdbDev == imdbDev-1 {
			d.Dev = append(d.Dev, e)
		} else {
			d.Train = append(d.Train, e)
		}
	}
	if d.Test, err = read(filepath.Dir(root), "test"); err != nil {
		return nil, err
	}
	return d, d.finish(level, o)
}

func readReviews(folder, split string) ([]Example, error) {
	var examples []Example
	err := readFile(filepath.Join(folder, split+".tsv.gz"), nil, func(t *table) error {
		text, err := t.text("text")
		if err != nil {
			return err
		}
		label, err := t.label("label", []string{"0", "1"})
		examples = append(examples, Example{Text: text, Label: label})
		return err
	})
	return examples, err
}

// readReviewFolder reads one review a file, negative ones first, each class in name order.
func readReviewFolder(folder, split string) ([]Example, error) {
	var examples []Example
	for _, class := range []string{"neg", "pos"} {
		dir := filepath.Join(folder, split, class)
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("datasets: %s: no such folder; is the archive unpacked whole?", dir)
		} else if err != nil {
			return nil, fmt.Errorf("datasets: %s: %w", dir, plain(err))
		}
		for _, entry := range entries {
			if filepath.Ext(entry.Name()) != ".txt" {
				continue
			}
			path := filepath.Join(dir, entry.Name())
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("datasets: %s: %w", path, plain(err))
			}
			if !utf8.Valid(text) {
				return nil, fmt.Errorf("datasets: %s:1: text is not UTF-8", path)
			}
			one := strings.TrimSpace(strings.NewReplacer("\t", " ", "\n", " ", "\r", " ").Replace(string(text)))
			if one == "" {
				return nil, fmt.Errorf("datasets: %s:1: text has 0 tokens, must have at least 1", path)
			}
			examples = append(examples, Example{Text: one, Label: imdbFolders[class]})
		}
	}
	return examples, nil
}
