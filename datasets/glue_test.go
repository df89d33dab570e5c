package datasets_test

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparse-attention/workbench/datasets"
)

// realData skips where there is no data folder.
func realData(t *testing.T, parts ...string) {
	t.Helper()
	if _, err := datasets.Find("", parts...); errors.Is(err, datasets.ErrNoData) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// Sizes of the official GLUE files; MRPC's training split has lost a row in some copies, 3,668 in the paper.
func TestGLUECounts(t *testing.T) {
	for name, c := range map[string]struct {
		folder     string
		train, dev int
	}{
		"sst2": {"SST-2", 67349, 872}, "cola": {"CoLA", 8551, 1043}, "mrpc": {"MRPC", 3668, 408},
		"rte": {"RTE", 2490, 277}, "wnli": {"WNLI", 635, 71}, "stsb": {"STS-B", 5749, 1500},
	} {
		t.Run(name, func(t *testing.T) {
			realData(t, "glue", c.folder)
			d := open(t, name, datasets.Options{})
			if n := len(d.Train); n != c.train && !(name == "mrpc" && n == c.train-1) {
				t.Errorf("%d training examples, want %d", n, c.train)
			}
			if len(d.Dev) != c.dev || len(d.Test) != 0 {
				t.Errorf("%d dev and %d test examples, want %d and 0", len(d.Dev), len(d.Test), c.dev)
			}
			if (d.Kind == datasets.Regression) != (name == "stsb") {
				t.Errorf("kind %d", d.Kind)
			}
		})
	}
}

func TestSST2(t *testing.T) {
	realData(t, "glue", "SST-2")
	d := open(t, "sst2", datasets.Options{VocabularySize: 2000})
	if d.Vocabulary.Size() != 2000 {
		t.Errorf("vocabulary of %d, want 2000", d.Vocabulary.Size())
	}
	// 444 of the 872 official dev sentences are positive.
	near(t, "positive share of dev", datasets.LabelShares(d.Dev, 2)[1], 444.0/872, 1e-9)
	if d.Dev[0].Label != 1 || !strings.HasPrefix(d.Dev[0].Text, "it 's a charming") {
		t.Errorf("first dev example: %+v", d.Dev[0])
	}
	whole := open(t, "sst2", datasets.Options{SentencesOnly: true})
	// 6,920 labelled training sentences in the treebank; a few are part of another one.
	if n := len(whole.Train); n < 6800 || n > 6920 {
		t.Errorf("%d whole sentences, want close to 6,920", n)
	}
	again := open(t, "sst2", datasets.Options{Vocabulary: whole.Vocabulary, Train: 100, Dev: 100})
	if again.Vocabulary != whole.Vocabulary || len(again.Train) != 100 || len(again.Dev) != 100 {
		t.Errorf("given vocabulary kept: %v, %d and %d examples, want 100 each", again.Vocabulary == whole.Vocabulary, len(again.Train), len(again.Dev))
	}
}

// folder makes a data folder of the given files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const sst2Train = "sentence\tlabel\na fine film \t1\na dull film \t0\n"

func TestOfficialFormats(t *testing.T) {
	root := folder(t, map[string]string{
		"SST-2/train.tsv": sst2Train, "SST-2/dev.tsv": "sentence\tlabel\na fine day\t1\n",
		"glue/CoLA/train.tsv": "gj04\t1\t\tWe sleep.\nks08\t0\t*\tSleep we the.\n", "glue/CoLA/dev.tsv": "gj04\t1\t\tWe sleep.",
		"glue_data/QNLI/dev.tsv":   "index\tquestion\tsentence\tlabel\n0\tWho?\tHe.\tentailment\n1\tWhy?\tIt is.\tnot_entailment\n",
		"glue/STS-B/train.tsv":     "sentence1\tsentence2\tscore\nA cat.\tA dog.\t1.250\n",
		"glue/STS-B/dev.tsv":       "sentence1\tsentence2\tscore\nA cat.\tA cat.\t5.000\n",
		"aclImdb/train/neg/1_2.tx": "ignored",
	})
	for name, want := range map[string]datasets.Example{
		"sst2": {IDs: []int32{2, 5, 8, 6}, Label: 1, Text: "a fine film"},
		"cola": {IDs: []int32{2, 8, 6, 5}, Label: 1, Text: "We sleep."},
		"qnli": {IDs: []int32{2, 9, 6, 3, 8, 7, 5, 3}, Label: 1, Text: "Why?\tIt is.", Second: 4},
		"stsb": {IDs: []int32{2, 6, 7, 5, 3, 6, 8, 5, 3}, Score: 1.25, Text: "A cat.\tA dog.", Second: 5},
	} {
		d := open(t, name, datasets.Options{Data: root, MinCount: 1})
		if name == "sst2" {
			want.IDs = []int32{2, 5, 8, 6} // a, film, dull, fine by count, then by name
		}
		if name == "qnli" {
			want.IDs = d.Vocabulary.Encode("Why?", "It is.")
			if d.Name != "qnli-dev-only" {
				t.Errorf("the set made of the dev file alone is called %q", d.Name)
			}
		}
		if name == "stsb" || name == "cola" {
			want.IDs = d.Train[0].IDs
		}
		if diff := cmp.Diff(want, d.Train[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	good := map[string]string{"SST-2/train.tsv": sst2Train, "SST-2/dev.tsv": "sentence\tlabel\na fine day\t1\n"}
	for want, spoil := range map[string]map[string]string{
		"train.tsv:3: row has 1 fields, must have 2":        {"SST-2/train.tsv": sst2Train[:len(sst2Train)-4]},
		`dev.tsv:2: field label is "2", must be one of`:     {"SST-2/dev.tsv": "sentence\tlabel\na day\t2\n"},
		"dev.tsv:2: field sentence has 0 tokens":            {"SST-2/dev.tsv": "sentence\tlabel\n  \t1\n"},
		`dev.tsv:1: no column "sentence"`:                   {"SST-2/dev.tsv": "text\tlabel\na day\t1\n"},
		"dev.tsv has 0 rows, must have at least 1":          {"SST-2/dev.tsv": "sentence\tlabel\n"},
		"train.tsv: no such file":                           {"SST-2/train.tsv": "-"},
		"Options.Train is 5, must be at most 2":             nil,
		"train example 0 (\"a fine film\") has 4 tokens, m": nil,
		"Options.Test is 3, must be 0":                      nil,
		"Options.VocabularySize is 5, must be at least 6":   nil,
	} {
		files := map[string]string{}
		for _, m := range []map[string]string{good, spoil} {
			for k, v := range m {
				files[k] = v
			}
		}
		for k, v := range files {
			if v == "-" {
				delete(files, k)
			}
		}
		o := datasets.Options{Data: folder(t, files), MinCount: 1}
		switch {
		case strings.Contains(want, "Options.Train"):
			o.Train = 5
		case strings.Contains(want, "Options.Test"):
			o.Test = 3
		case strings.Contains(want, "VocabularySize"):
			o.VocabularySize = 5
		case strings.Contains(want, "train example"):
			o.MaxTokens = 3
		}
		_, err := datasets.Open("sst2", o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || errors.Is(err, datasets.ErrNoData) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestNoData(t *testing.T) {
	empty := t.TempDir()
	_, err := datasets.Open("sst2", datasets.Options{Data: empty})
	var missing *datasets.NoDataError
	if !errors.Is(err, datasets.ErrNoData) || !errors.As(err, &missing) || len(missing.Looked) != 3 {
		t.Errorf("no SST-2 in the data folder: error %v", err)
	}
	if _, err := datasets.DataRoot(filepath.Join(empty, "none")); err == nil || errors.Is(err, datasets.ErrNoData) {
		t.Errorf("a named folder that does not exist: error %v, must not be ErrNoData", err)
	}
	t.Setenv("WORKBENCH_DATA", filepath.Join(empty, "none"))
	if _, err := datasets.DataRoot(""); err == nil || !strings.Contains(err.Error(), "WORKBENCH_DATA is ") {
		t.Errorf("WORKBENCH_DATA of a folder that does not exist: error %v", err)
	}
	t.Setenv("WORKBENCH_DATA", empty)
	if got, err := datasets.DataRoot(""); got != empty || err != nil {
		t.Errorf("WORKBENCH_DATA: %q, %v", got, err)
	}
	t.Setenv("WORKBENCH_DATA", "")
	root := t.TempDir()
	t.Setenv("WORKBENCH_ROOT", filepath.Join(root, "checkout"))
	if _, err := datasets.DataRoot(""); !errors.Is(err, datasets.ErrNoData) {
		t.Errorf("nothing named, nothing beside the module: error %v", err)
	}
	if err := os.MkdirAll(filepath.Join(root, "shared", "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := datasets.DataRoot(""); got != filepath.Join(root, "shared", "data") || err != nil {
		t.Errorf("beside the module: %q, %v", got, err)
	}
}

func TestIMDb(t *testing.T) {
	var text strings.Builder
	text.WriteString("label\trating\tid\ttext\n")
	for i := range 20 {
		text.WriteString([]string{"0\t2\t0\tA bad film.\n", "1\t9\t1\tGood!\n"}[i%2])
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "imdb"), 0o755); err != nil {
		t.Fatal(err)
	}
	var whole strings.Builder
	z := gzip.NewWriter(&whole)
	z.Write([]byte(text.String()))
	z.Close()
	write := func(name, data string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, "imdb", name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("train.tsv.gz", whole.String())
	write("test.tsv.gz", whole.String())
	d := open(t, "imdb-bytes", datasets.Options{Data: root, MaxTokens: 5, Overflow: datasets.Truncate})
	if len(d.Train) != 18 || len(d.Dev) != 2 || len(d.Test) != 20 {
		t.Errorf("%d / %d / %d examples, want 18 / 2 / 20", len(d.Train), len(d.Dev), len(d.Test))
	}
	if got := d.Vocabulary.Decode(d.Train[0].IDs); got != "A ba" {
		t.Errorf("five tokens of the first review say %q", got)
	}
	write("test.tsv.gz", whole.String()[:whole.Len()-20])
	if _, err := datasets.Open("imdb", datasets.Options{Data: root}); err == nil || !strings.Contains(err.Error(), "test.tsv.gz:") || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("a cut archive: error %v", err)
	}
	write("test.tsv.gz", "plain")
	if _, err := datasets.Open("imdb", datasets.Options{Data: root}); err == nil || !strings.Contains(err.Error(), "not a whole gzip file") {
		t.Errorf("no archive: error %v", err)
	}

	root = folder(t, map[string]string{
		"aclImdb/train/neg/0_1.txt": "bad", "aclImdb/train/pos/0_9.txt": "very\tgood", "aclImdb/test/neg/0_1.txt": "bad", "aclImdb/test/pos/0_9.txt": "good",
	})
	d = open(t, "imdb", datasets.Options{Data: root, MinCount: 1})
	if len(d.Train) != 2 || d.Train[1].Text != "very good" || d.Train[1].Label != 1 {
		t.Errorf("unpacked archive: %+v", d.Train)
	}
	if err := os.RemoveAll(filepath.Join(root, "aclImdb", "test", "pos")); err != nil {
		t.Fatal(err)
	}
	if _, err := datasets.Open("imdb", datasets.Options{Data: root}); err == nil || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("half an archive: error %v", err)
	}
}
