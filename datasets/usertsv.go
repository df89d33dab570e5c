package datasets

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func init() { openers["tsv"] = openTSV }

// mostClasses bounds the labels of a user's file: more are most likely texts in the label column.
const mostClasses = 1000

// openTSV reads a file of the user's own, Options.File: one example a line, label and text separated by a tab, or label and
// two texts. A header row that names the columns label and text (and text2) may stand in front, and then decides their order.
// Classes are the labels in byte order. A tenth of the lines, drawn by the seed, is for the dev split and another for the test
// split.
func openTSV(o Options) (*Dataset, error) {
	if o.File == "" {
		return nil, errors.New("datasets: Options.File is empty, must be the path of a file of label, tab, text")
	}
	columns, err := userColumns(o.File)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: strings.TrimSuffix(filepath.Base(o.File), filepath.Ext(o.File))}
	var all []Example
	var labels []string
	err = readFile(o.File, columns, func(t *table) error {
		label, err := t.text("label")
		if err != nil {
			return err
		}
		text, err := t.text("text")
		if err != nil {
			return err
		}
		if slices.Contains(t.columns, "text2") {
			second, err := t.text("text2")
			if err != nil {
				return err
			}
			text += "\t" + second
		}
		i, found := slices.BinarySearch(d.Classes, label)
		if !found {
			d.Classes = slices.Insert(d.Classes, i, label)
		}
		if len(d.Classes) > mostClasses {
			return t.errorf("field label is the %dth different one, %.30q, must be at most %d; are label and text exchanged?", len(d.Classes), label, mostClasses)
		}
		labels, all = append(labels, label), append(all, Example{Text: text})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(d.Classes) < 2 {
		return nil, fmt.Errorf("datasets: %s has 1 label, %.30q, must have at least 2", o.File, d.Classes[0])
	}
	if len(all) < fewestLines {
		return nil, fmt.Errorf("datasets: %s has %d lines, must have at least %d", o.File, len(all), fewestLines)
	}
	for i := range all {
		c, _ := slices.BinarySearch(d.Classes, labels[i])
		all[i].Label = int32(c)
	}
	tenth := len(all) / 10
	split := make([]int8, len(all))
	for k, i := range rand.New(rand.NewPCG(o.Seed, 0x747376)).Perm(len(all))[:2*tenth] {
		split[i] = int8(1 + k/tenth)
	}
	for i, e := range all {
		to := [](*[]Example){&d.Train, &d.Dev, &d.Test}[split[i]]
		*to = append(*to, e)
	}
	return d, d.finish(Pointed, o)
}

// fewestLines leaves two lines each for the dev and the test split.
const fewestLines = 20

// userColumns is nil where the first line of a user's file names its columns, else what they are.
func userColumns(path string) ([]string, error) {
	if strings.HasSuffix(path, ".gz") {
		return nil, nil // read as one with a header row, which says so if there is none
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(f, 1<<16).ReadString('\n')
	if err != nil && line == "" {
		return nil, fmt.Errorf("datasets: %s has 0 rows, must have at least 1", path)
	}
	fields := strings.Split(strings.TrimRight(strings.TrimPrefix(line, "\ufeff"), "\r\n"), "\t")
	if slices.Contains(fields, "label") && slices.Contains(fields, "text") {
		return nil, nil
	}
	switch len(fields) {
	case 2:
		return []string{"label", "text"}, nil
	case 3:
		return []string{"label", "text", "text2"}, nil
	}
	return nil, fmt.Errorf("datasets: %s:1: row has %d fields, must have 2 (label, text) or 3 (label, text, text2)", path, len(fields))
}

// WriteTSV writes examples as openTSV reads them, with a header row; tabs and line ends inside of a text become blanks.
func WriteTSV(path string, classes []string, examples []Example) error {
	var b strings.Builder
	b.WriteString("label\ttext\n")
	flat := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	for i, e := range examples {
		if e.Label < 0 || int(e.Label) >= len(classes) {
			return fmt.Errorf("datasets: example %d has label %d, must be in 0..%d", i, e.Label, len(classes)-1)
		}
		b.WriteString(classes[e.Label] + "\t" + flat.Replace(e.Text) + "\n")
	}
	return replaceFile(path, []byte(b.String()))
}
