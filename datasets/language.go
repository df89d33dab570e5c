package datasets

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

func init() {
	openers["wikitext-2"] = openWikiText
	openers["tinystories"] = openTinyStories
	openers["opticks"] = openOpticks
	openers["text"] = openText
}

// defaultRun is the number of tokens of a piece of running text, CLS included.
const defaultRun = 128

// corpus is running text in its splits; a split may consist of several documents, none of which continues another.
type corpus struct {
	name             string
	train, dev, test []string
}

// open cuts the documents into consecutive runs of Options.MaxTokens tokens, CLS included: every token of the text is in one
// example, and is predicted once. The last run of a document may be shorter.
func (c corpus) open(level Level, o Options) (*Dataset, error) {
	d := &Dataset{Name: c.name, Kind: Language, Classes: []string{"next token"}}
	if err := d.count(level, slices.Values(c.train), o); err != nil {
		return nil, err
	}
	run := cmp.Or(o.MaxTokens, defaultRun)
	if run < 2 {
		return nil, fmt.Errorf("datasets: Options.MaxTokens is %d, must be at least 2 for running text", run)
	}
	for _, s := range []struct {
		documents []string
		examples  *[]Example
	}{{c.train, &d.Train}, {c.dev, &d.Dev}, {c.test, &d.Test}} {
		for _, text := range s.documents {
			for ids := range slices.Chunk(d.Vocabulary.append(nil, text), run-1) {
				*s.examples = append(*s.examples, Example{IDs: append([]int32{CLS}, ids...)})
			}
		}
	}
	return d, d.thin(o)
}

// openWikiText reads WikiText-2 (Merity et al., ICLR 2017) as its authors count it: white space separates words, a line
// ends with the word <eos>, and perplexity is per word. Where wiki.train.tokens is missing, the first nine tenths of the
// valid file's articles train and the rest is the dev split; the name of the set says so.
func openWikiText(o Options) (*Dataset, error) {
	folder, err := findAny(o.Data, "wikitext-2")
	if err != nil {
		return nil, err
	}
	read := func(split string) (string, error) {
		text, err := readText(filepath.Join(folder, "wiki."+split+".tokens"))
		return strings.ReplaceAll(text, "\n", " <eos>\n"), err
	}
	valid, err := read("valid")
	if err != nil {
		return nil, err
	}
	test, err := read("test")
	if err != nil {
		return nil, err
	}
	c := corpus{name: "wikitext-2", test: []string{test}}
	switch train, err := read("train"); {
	case err == nil:
		c.train, c.dev = []string{train}, []string{valid}
	case errors.Is(err, fs.ErrNotExist):
		c.name = "wikitext-2-valid-only"
		cut := strings.LastIndex(valid[:len(valid)/10*9], "\n = ") // before a heading
		c.train, c.dev = []string{valid[:cut+1]}, []string{valid[cut+1:]}
	default:
		return nil, err
	}
	return c.open(Exact, o)
}

// storySeparator stands between the stories of the official files.
const storySeparator = "<|endoftext|>"

// openTinyStories reads TinyStories (Eldan and Li, 2023), by default byte by byte. Without the training file the validation
// text is split again, 90 / 5 / 5 at paragraphs, and the name of the set says so.
func openTinyStories(o Options) (*Dataset, error) {
	train, err := findAny(o.Data, filepath.Join("tinystories", "TinyStories-train.txt"), filepath.Join("tinystories", "TinyStoriesV2-GPT4-train.txt"))
	if err != nil && !errors.Is(err, ErrNoData) {
		return nil, err
	}
	official := err == nil
	valid, err := findAny(o.Data, filepath.Join("tinystories", "TinyStories-valid.txt"), filepath.Join("tinystories", "TinyStoriesV2-GPT4-valid.txt"),
		filepath.Join("tinystories", "tinystories_val.txt"))
	if err != nil {
		return nil, err
	}
	held, err := readText(valid)
	if err != nil {
		return nil, err
	}
	if !official {
		c := divide("tinystories-valid-only", held)
		return c.open(Bytes, o)
	}
	text, err := readText(train)
	if err != nil {
		return nil, err
	}
	return corpus{name: "tinystories", train: stories(text), dev: stories(held)}.open(Bytes, o)
}

func stories(text string) (out []string) {
	for s := range strings.SplitSeq(text, storySeparator) {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// openOpticks reads Newton's Opticks, 567 kB of English that ship with Go as a test file of its compressors, byte by byte.
func openOpticks(o Options) (*Dataset, error) {
	src, err := goSourceRoot()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(src, "testdata", "Isaac.Newton-Opticks.txt")
	text, err := readText(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NoDataError{Want: "text that ships with Go", Looked: []string{path}, Remedy: "install Go's source with its test data"}
	}
	if err != nil {
		return nil, err
	}
	return divide("opticks", text).open(Bytes, o)
}

// openText reads a text file of the user's own, Options.File, byte by byte unless Options.Level says otherwise.
func openText(o Options) (*Dataset, error) {
	if o.File == "" {
		return nil, errors.New("datasets: Options.File is empty, must be the path of a text file")
	}
	text, err := readText(o.File)
	if err != nil {
		return nil, err
	}
	return divide(strings.TrimSuffix(filepath.Base(o.File), filepath.Ext(o.File)), text).open(Bytes, o)
}

// divide splits a text 90 / 5 / 5 at the paragraph, or else the line, that ends nearest before the mark.
func divide(name, text string) corpus {
	at := func(percent int) int {
		mark := len(text) * percent / 100
		for _, end := range []string{"\n\n", "\r\n\r\n", "\n"} {
			if i := strings.LastIndex(text[:mark], end); i > len(text)*(percent-4)/100 {
				return i + len(end)
			}
		}
		for mark > 0 && !utf8.RuneStart(text[mark]) {
			mark--
		}
		return mark
	}
	a, b := at(90), at(95)
	return corpus{name: name, train: []string{text[:a]}, dev: []string{text[a:b]}, test: []string{text[b:]}}
}

// shortestText is what can be divided so that every split has something.
const shortestText = 100

// readText reads a whole text; CRLF line ends become LF.
func readText(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	if i := invalidUTF8(data); i >= 0 {
		return "", fmt.Errorf("datasets: %s:%d: text is not UTF-8", path, 1+bytes.Count(data[:i], []byte("\n")))
	}
	if len(data) < shortestText {
		return "", fmt.Errorf("datasets: %s has %d bytes, must have at least %d", path, len(data), shortestText)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n"), nil
}

// invalidUTF8 is the place of the first byte that is no UTF-8, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}
