package datasets_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sparse-attention/workbench/datasets"
)

func vocabularyOf(t testing.TB, level datasets.Level, tokens ...string) *datasets.Vocabulary {
	t.Helper()
	v, err := datasets.NewVocabulary(level, tokens)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestReservedIDs(t *testing.T) {
	v := vocabularyOf(t, datasets.Words, "a", "film")
	for id, name := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film"} {
		if got := v.Token(int32(id)); got != name {
			t.Errorf("token %d is %q, want %q", id, got, name)
		}
	}
	if diff := cmp.Diff([]int32{2, 5, 6, 1, 3, 6, 3}, v.Encode(" A film noir", "FILM")); diff != "" {
		t.Errorf("ids of a pair (-want +got):\n%s", diff)
	}
	if got := v.Decode([]int32{2, 5, 1, 0, 99, -1}); got != "a [UNK] [UNK] [UNK]" {
		t.Errorf("decoded %q", got)
	}
	if got := v.ID("[CLS]"); got != datasets.Unknown {
		t.Errorf("the text [CLS] has id %d, must be unknown", got)
	}
}

func TestPointedLevel(t *testing.T) {
	v := vocabularyOf(t, datasets.Pointed, "don", "'", "t", "$", "5", ".")
	if diff := cmp.Diff([]int32{2, 5, 6, 7, 8, 9, 10, 9}, v.Encode("Don't $5.5")); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestCountWords(t *testing.T) {
	texts := slices.Values([]string{"b a b", "C c b", "a d"})
	v, err := datasets.CountWords(datasets.Words, texts, 8, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for id := datasets.Mask + 1; int(id) < v.Size(); id++ {
		got = append(got, v.Token(id))
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, got); diff != "" {
		t.Errorf("most frequent first, ties in byte order (-want +got):\n%s", diff)
	}
	if v, err = datasets.CountWords(datasets.Words, texts, 100, 2); err != nil || v.Size() != 8 {
		t.Errorf("words seen twice: size %d, error %v; want 8", v.Size(), err)
	}
	for _, c := range [][2]int{{5, 1}, {100, 0}} {
		if _, err := datasets.CountWords(datasets.Words, texts, c[0], c[1]); err == nil {
			t.Errorf("size %d, count %d: no error", c[0], c[1])
		}
	}
}

func TestByteVocabularyProperty(t *testing.T) {
	v := datasets.ByteVocabulary()
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text"))
		ids := v.Encode(text)
		if len(ids) != 1+len(text) || v.Decode(ids) != text {
			t.Fatalf("%q gives %v, which says %q", text, ids, v.Decode(ids))
		}
	})
}

func TestVocabularyStore(t *testing.T) {
	dir := t.TempDir()
	for name, v := range map[string]*datasets.Vocabulary{
		"words": vocabularyOf(t, datasets.Words, "it", "'s", "\"", "é"), "bytes": datasets.ByteVocabulary(), "listops": datasets.ListOpsVocabulary(),
	} {
		path := filepath.Join(dir, name+".json")
		if err := v.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := datasets.LoadVocabulary(path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Level() != v.Level() || got.Size() != v.Size() {
			t.Errorf("%s: level %q, %d ids; want %q, %d", name, got.Level(), got.Size(), v.Level(), v.Size())
		}
		for id := range int32(v.Size()) {
			if got.Token(id) != v.Token(id) {
				t.Errorf("%s: token %d is %q, want %q", name, id, got.Token(id), v.Token(id))
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := datasets.ByteVocabulary().Save(filepath.Join(dir, "none", "v.json")); err == nil {
		t.Error("saving into a folder that does not exist gives no error")
	}
}

func TestDamagedVocabulary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.json")
	if err := vocabularyOf(t, datasets.Words, "one", "two", "three").Save(path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		":6: the file ends in mid-vocabulary": string(whole[:len(whole)-12]),
		":5: Vocabulary token 1 is":           strings.Replace(string(whole), "two", "one", 1),
		":6: Vocabulary token 2 is \"\"":      strings.Replace(string(whole), "three", "", 1),
		":5: field tokens is a number":        strings.Replace(string(whole), `"two"`, "2", 1),
		`level is "letter"`:                   strings.Replace(string(whole), "word", "letter", 1),
		":1: the file ends":                   "",
		":10: more text":                      string(whole) + "\n{}",
		":1: Vocabulary level is \"\"":        "null",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := datasets.LoadVocabulary(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "v.json:") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	if _, err := datasets.LoadVocabulary(path + ".none"); err == nil || !strings.Contains(err.Error(), "v.json.none: ") {
		t.Errorf("missing file: error %v", err)
	}
}

func FuzzLoadVocabulary(f *testing.F) {
	for _, s := range []string{`{"level":"word","tokens":["a","b"]}`, `{"level":"byte","tokens":[]}`, `{"level":"word","tokens":["a","a"]}`, "null", "[", `{"tokens":{}}`} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "v.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		v, err := datasets.LoadVocabulary(path)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "datasets: ") {
				t.Fatalf("error %v", err)
			}
			return
		}
		for id := range int32(v.Size()) {
			if tok := v.Token(id); id > datasets.Mask && v.ID(tok) != id {
				t.Fatalf("token %q of id %d has id %d", tok, id, v.ID(tok))
			} else if v.Level() != datasets.Bytes && !utf8.ValidString(tok) {
				t.Fatalf("token %q is not UTF-8", tok)
			}
		}
	})
}
