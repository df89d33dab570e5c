package datasets

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

func init() { openers["wordnet"] = openWordNet }

// lexicographers are the 45 files that WordNet's authors wrote its synsets in, by number (lexnames(5WN)).
var lexicographers = []string{
	"adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact", "noun.attribute", "noun.body",
	"noun.cognition", "noun.communication", "noun.event", "noun.feeling", "noun.food", "noun.group", "noun.location",
	"noun.motive", "noun.object", "noun.person", "noun.phenomenon", "noun.plant", "noun.possession", "noun.process",
	"noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time", "verb.body", "verb.change",
	"verb.cognition", "verb.communication", "verb.competition", "verb.consumption", "verb.contact", "verb.creation",
	"verb.emotion", "verb.motion", "verb.perception", "verb.possession", "verb.social", "verb.stative", "verb.weather", "adj.ppl",
}

// wordNetPackage is where Debian's wordnet-base puts the database.
const wordNetPackage = "/usr/share/wordnet"

// openWordNet classifies the glosses of WordNet (Fellbaum, 1998), definition and example sentences, by lexicographer file;
// the words that a gloss explains are not shown. Of ten synsets in the order of the database, nouns first, eight train, one is
// for the dev split and one for the test split.
func openWordNet(o Options) (*Dataset, error) {
	folder, err := findInstalled(o.Data, []string{"wordnet", filepath.Join("wordnet", "dict"), "dict"}, "install the package wordnet-base", wordNetPackage)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: "wordnet", Classes: lexicographers}
	n := 0
	for _, part := range []string{"noun", "verb", "adj", "adv"} {
		glosses, err := readWordNet(filepath.Join(folder, "data."+part))
		if err != nil {
			return nil, err
		}
		for _, e := range glosses {
			switch n++; n % 10 {
			case 9:
				d.Dev = append(d.Dev, e)
			case 0:
				d.Test = append(d.Test, e)
			default:
				d.Train = append(d.Train, e)
			}
		}
	}
	return d, d.finish(Pointed, o)
}

func readWordNet(path string) ([]Example, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	defer f.Close()
	var out []Example
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 1<<16), longestLine)
	line, offset := 0, 0
	for lines.Scan() {
		line++
		text := lines.Text()
		at := offset
		offset += len(text) + 1
		if strings.HasPrefix(text, "  ") {
			continue // the licence in front of the records
		}
		e, err := parseSynset(text, at)
		if err != nil {
			return nil, fmt.Errorf("datasets: %s:%d: %w", path, line, err)
		}
		out = append(out, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("datasets: %s:%d: %w", path, line+1, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("datasets: %s has 0 synsets, must have at least 1", path)
	}
	return out, nil
}

// parseSynset reads one record of a data file (wndb(5WN)): its own byte offset in the file, the number of the lexicographer
// file, what needs no reading here, and the gloss behind a bar.
func parseSynset(text string, offset int) (Example, error) {
	head, gloss, ok := strings.Cut(text, " | ")
	if !ok {
		return Example{}, fmt.Errorf("no gloss behind a bar; is the file cut off?")
	}
	fields := strings.SplitN(head, " ", 3)
	if len(fields) < 3 {
		return Example{}, fmt.Errorf("record has %d fields, must begin with synset_offset, lex_filenum and ss_type", len(fields))
	}
	if n, err := strconv.Atoi(fields[0]); err != nil || n != offset {
		return Example{}, fmt.Errorf("field synset_offset is %.20q, must be %08d, the record's place in the file", fields[0], offset)
	}
	class, err := strconv.Atoi(fields[1])
	if err != nil || class < 0 || class >= len(lexicographers) {
		return Example{}, fmt.Errorf("field lex_filenum is %.20q, must be in 00..%d", fields[1], len(lexicographers)-1)
	}
	gloss = strings.ReplaceAll(strings.TrimSpace(gloss), "\t", " ")
	switch {
	case !utf8.ValidString(gloss):
		return Example{}, fmt.Errorf("the gloss is not UTF-8")
	case gloss == "":
		return Example{}, fmt.Errorf("the gloss has 0 tokens, must have at least 1")
	}
	return Example{Text: gloss, Label: int32(class)}, nil
}
