package datasets_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparse-attention/workbench/datasets"
)

// openIfThere skips where the files of a data set are not on this machine.
func openIfThere(t *testing.T, name string, o datasets.Options) *datasets.Dataset {
	t.Helper()
	d, err := datasets.Open(name, o)
	if errors.Is(err, datasets.ErrNoData) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// WordNet 3.0 has 117,659 synsets (wnstats(7WN)).
func TestWordNetCounts(t *testing.T) {
	d := openIfThere(t, "wordnet", datasets.Options{})
	if n := len(d.Train) + len(d.Dev) + len(d.Test); n != 117659 || len(d.Classes) != 45 {
		t.Errorf("%d glosses of %d classes, want 117,659 of 45", n, len(d.Classes))
	}
	for _, s := range [][]datasets.Example{d.Train, d.Dev, d.Test} {
		for class, share := range datasets.LabelShares(s, 45) {
			if share == 0 {
				t.Errorf("class %s has no gloss in a split of %d", d.Classes[class], len(s))
			}
		}
	}
	if e := d.Train[0]; d.Classes[e.Label] != "noun.Tops" || !strings.HasPrefix(e.Text, "that which is perceived") {
		t.Errorf("first gloss: %q, %s", e.Text, d.Classes[e.Label])
	}
}

func synset(offset int, class, gloss string) string {
	return fmt.Sprintf("%08d %s n 01 thing 0 000 | %s\n", offset, class, gloss)
}

func TestWordNetDamaged(t *testing.T) {
	licence := "  1 This is the licence.\n"
	good := licence + synset(len(licence), "03", "a thing")
	files := func(noun string) map[string]string {
		out := map[string]string{}
		for _, part := range []string{"verb", "adj", "adv"} {
			out["wordnet/data."+part] = good
		}
		out["wordnet/data.noun"] = noun
		return out
	}
	d := open(t, "wordnet", datasets.Options{Data: folder(t, files(good+synset(len(good), "18", "a person; \"a person sleeps\""))), MinCount: 1})
	if len(d.Train) != 5 || d.Train[1].Text != `a person; "a person sleeps"` || d.Classes[d.Train[1].Label] != "noun.person" {
		t.Errorf("%+v", d.Train)
	}
	for want, noun := range map[string]string{
		"data.noun:2: field lex_filenum is \"45\", must be in 00..44":   licence + synset(len(licence), "45", "x"),
		"data.noun:2: field synset_offset is \"00000001\", must be 000": licence + synset(1, "03", "x"),
		"data.noun:2: no gloss behind a bar":                            licence + good[len(licence):len(licence)+20] + "\n",
		"data.noun:2: the gloss has 0 tokens":                           licence + synset(len(licence), "03", " "),
		"data.noun has 0 synsets":                                       licence,
	} {
		if _, err := datasets.Open("wordnet", datasets.Options{Data: folder(t, files(noun))}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// The English file of XQuAD has 48 articles, 240 paragraphs and 1,190 questions.
func TestSQuADCounts(t *testing.T) {
	d := openIfThere(t, "squad", datasets.Options{File: dataFile(t, "squad", "xquad.en.json")})
	if n := len(d.Train) + len(d.Dev) + len(d.Test); n != 1190 || d.Name != "xquad.en" || d.Kind != datasets.Spans {
		t.Errorf("%s: %d questions, want 1,190", d.Name, n)
	}
	articles := map[string]int{}
	exact := 0
	for s, split := range [][]datasets.Example{d.Train, d.Dev, d.Test} {
		for i, e := range split {
			if other, ok := articles[e.Answer.Context]; ok && other != s {
				t.Errorf("a paragraph of split %d is in split %d too", s, other)
			}
			articles[e.Answer.Context] = s
			said := e.Answer.Text(int(e.Span[0]), int(e.Span[1]))
			if !strings.Contains(said, e.Answer.Texts[0]) {
				t.Fatalf("split %d, question %d: the span says %q, the answer is %q", s, i, said, e.Answer.Texts[0])
			}
			em, _ := datasets.AnswerScores(said, e.Answer.Texts)
			exact += int(em)
		}
	}
	if len(articles) != 240 {
		t.Errorf("%d paragraphs, want 240", len(articles))
	}
	if exact < 1175 { // a few answers are part of a word
		t.Errorf("the spans themselves answer %d of 1,190 questions exactly", exact)
	}
	short := open(t, "squad", datasets.Options{File: dataFile(t, "squad", "xquad.en.json"), MaxTokens: 128, Overflow: datasets.Truncate})
	for _, e := range short.Train {
		if len(e.IDs) > 128 || int(e.Span[1]) >= len(e.IDs) {
			t.Fatalf("cut to %d tokens, span %v", len(e.IDs), e.Span)
		}
	}
}

func dataFile(t *testing.T, parts ...string) string {
	t.Helper()
	realData(t, parts...)
	path, err := datasets.Find("", parts...)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

const squadForm = `{"data": [{"title": "Straße", "paragraphs": [{"context": "Zwölf Männer sit. They eat.", "qas": [
	{"id": "q1", "question": "Who sits?", "answers": [{"answer_start": %d, "text": %q}]}]}]}]}`

func TestSQuADDamaged(t *testing.T) {
	path := filepath.Join(folder(t, map[string]string{"q.json": fmt.Sprintf(squadForm, 6, "Männer")}), "q.json")
	// One article of eight trains; the vocabulary is given, so that one is enough.
	d, err := datasets.Open("squad", datasets.Options{File: path, MinCount: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := d.Train[0]
	if got := d.Vocabulary.Decode(e.IDs[e.Span[0] : e.Span[1]+1]); got != "männer" || e.Answer.Text(int(e.Span[0]), int(e.Span[1])) != "Männer" {
		t.Errorf("the span says %q; places are in code points", got)
	}
	for want, text := range map[string]string{
		"q.json: article 0 (\"Straße\"), paragraph 0, question \"q1\": field answer_start is 60, must be in 0..26": fmt.Sprintf(squadForm, 60, "Männer"),
		"field answer_start is 7, where the context goes on \"änner":                                               fmt.Sprintf(squadForm, 7, "Männer"),
		"q.json:1: field data is a number, must be a":                                                              `{"data": 7}`,
		"q.json has 0 questions": `{"data": []}`,
		"q.json:2: unexpected end of JSON input; is the file cut off": fmt.Sprintf(squadForm, 6, "Männer")[:130],
		"field answers has 0 entries":                                 `{"data": [{"title": "a", "paragraphs": [{"context": "b", "qas": [{"id": "q", "question": "c"}]}]}]}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := datasets.Open("squad", datasets.Options{File: path}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Token counts of the authors: 217,646 words of valid, 245,569 of test, one <eos> a line included.
func TestWikiTextCounts(t *testing.T) {
	d := openIfThere(t, "wikitext-2", datasets.Options{})
	count := func(examples []datasets.Example) (n int) {
		for _, e := range examples {
			n += len(e.IDs) - 1
		}
		return n
	}
	if n := count(d.Test); n != 245569 {
		t.Errorf("%d test words, want 245,569", n)
	}
	if n := count(d.Train) + count(d.Dev); d.Name == "wikitext-2-valid-only" && n != 217646 {
		t.Errorf("%d words in the two parts of valid, want 217,646", n)
	}
}

func TestTinyStoriesBytes(t *testing.T) {
	d := openIfThere(t, "tinystories", datasets.Options{MaxTokens: 256})
	if d.Name != "tinystories-valid-only" {
		t.Skip("the official training file is here")
	}
	n := 0
	for _, s := range [][]datasets.Example{d.Train, d.Dev, d.Test} {
		for _, e := range s {
			n += len(e.IDs) - 1
		}
	}
	if n != 794375 {
		t.Errorf("%d bytes, want 794,375", n)
	}
	if share := float64(len(d.Train)) / float64(len(d.Train)+len(d.Dev)+len(d.Test)); share < 0.88 || share > 0.92 {
		t.Errorf("%.2f of the text trains, want 0.9", share)
	}
}

func TestRunningText(t *testing.T) {
	d := open(t, "opticks", datasets.Options{MaxTokens: 64})
	var text strings.Builder
	for _, s := range [][]datasets.Example{d.Train, d.Dev, d.Test} {
		for _, e := range s {
			if len(e.IDs) > 64 {
				t.Fatalf("a run of %d tokens", len(e.IDs))
			}
			text.WriteString(d.Vocabulary.Decode(e.IDs))
		}
	}
	if n := text.Len(); n < 500000 || !strings.Contains(text.String(), "Refrangib") {
		t.Errorf("%d bytes of Opticks", n)
	}
	own := strings.Repeat("It is late.\n\nIt was early.\n\n", 40)
	path := filepath.Join(folder(t, map[string]string{"mine.txt": own}), "mine.txt")
	w := open(t, "text", datasets.Options{File: path, Level: datasets.Pointed, MinCount: 1})
	if w.Name != "mine" || w.Vocabulary.Decode(w.Train[0].IDs[:5]) != "it is late ." {
		t.Errorf("%s: %q", w.Name, w.Vocabulary.Decode(w.Train[0].IDs))
	}
	for want, c := range map[string]string{"mine.txt:2: text is not UTF-8": "a\n\xff" + own, "mine.txt has 1 bytes, must have at least 100": "a"} {
		if err := os.WriteFile(path, []byte(c), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := datasets.Open("text", datasets.Options{File: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestUserTSV(t *testing.T) {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "%s\ttext %d\n", []string{"spam", "ham"}[i%2], i)
	}
	root := folder(t, map[string]string{"plain.tsv": b.String(), "named.tsv": "text\tlabel\nhello there\tyes\n" + strings.Repeat("go away\tno\n", 20)})
	d := open(t, "tsv", datasets.Options{File: filepath.Join(root, "plain.tsv"), MinCount: 1})
	if len(d.Train) != 32 || len(d.Dev) != 4 || len(d.Test) != 4 || !slices.Equal(d.Classes, []string{"ham", "spam"}) || d.Name != "plain" {
		t.Errorf("%s: %d / %d / %d of %v", d.Name, len(d.Train), len(d.Dev), len(d.Test), d.Classes)
	}
	for _, e := range d.Train {
		var n int
		fmt.Sscanf(e.Text, "text %d", &n)
		if int(e.Label) != 1-n%2 {
			t.Fatalf("%q has label %d", e.Text, e.Label)
		}
	}
	named := open(t, "tsv", datasets.Options{File: filepath.Join(root, "named.tsv"), MinCount: 1})
	if !slices.Equal(named.Classes, []string{"no", "yes"}) {
		t.Errorf("classes %v", named.Classes)
	}
	for want, text := range map[string]string{
		"bad.tsv:2: row has 1 fields, must have 2 (label, text)": "a\tb\nc\n",
		"bad.tsv:1: row has 1 fields, must have 2":               "hello\n",
		"bad.tsv has 1 label, \"a\", must have at least 2":       strings.Repeat("a\tb\n", 30),
		"bad.tsv has 2 lines, must have at least 20":             "a\tb\nc\td\n",
		"bad.tsv:2: field text has 0 tokens":                     "a\tb\nc\t \n",
		"bad.tsv has 0 rows":                                     "",
	} {
		path := filepath.Join(folder(t, map[string]string{"bad.tsv": text}), "bad.tsv")
		if _, err := datasets.Open("tsv", datasets.Options{File: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for _, name := range []string{"tsv", "text"} {
		if _, err := datasets.Open(name, datasets.Options{}); err == nil || !strings.Contains(err.Error(), "Options.File is empty") {
			t.Errorf("%s without a file: error %v", name, err)
		}
	}
}

func TestWriteTSVReadsBack(t *testing.T) {
	var examples []datasets.Example
	for i := range 30 {
		examples = append(examples, datasets.Example{Label: int32(i % 3), Text: fmt.Sprintf("line\tof %d", i)})
	}
	path := filepath.Join(t.TempDir(), "w.tsv")
	classes := []string{"a", "b", "c"}
	if err := datasets.WriteTSV(path, classes, examples); err != nil {
		t.Fatal(err)
	}
	d := open(t, "tsv", datasets.Options{File: path, MinCount: 1})
	if diff := cmp.Diff(classes, d.Classes); diff != "" || len(d.Train)+len(d.Dev)+len(d.Test) != 30 {
		t.Error(diff)
	}
	if err := datasets.WriteTSV(path, classes[:2], examples); err == nil || !strings.Contains(err.Error(), "example 2 has label 2, must be in 0..1") {
		t.Errorf("error %v", err)
	}
}
