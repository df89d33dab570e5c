package datasets

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reserved ids, the same in every vocabulary. Padding is 0, so a mask is id > 0.
const (
	Pad     int32 = iota // fills a row behind its text
	Unknown              // a word outside the vocabulary
	CLS                  // first token of every example; the classifier reads its vector
	SEP                  // between the texts of a pair, and behind the second
	Mask                 // a hidden token, for masked language modelling
	reserved
)

var reservedNames = [reserved]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

// Level says what a token is.
type Level string

const (
	Words   Level = "word"   // white space separates; letters are lower-cased: for text that is tokenised already
	Pointed Level = "point"  // as Words, and every punctuation mark is a token of its own: for running text
	Pieces  Level = "piece"  // as Pointed, and every word is cut into the longest pieces that the vocabulary has
	Exact   Level = "symbol" // white space separates, nothing is changed
	Bytes   Level = "byte"   // id = 5 + byte
)

// Vocabulary maps tokens to ids. It is immutable.
type Vocabulary struct {
	level  Level
	tokens []string // by id - reserved
	ids    map[string]int32
}

// ByteVocabulary has one token per byte value: 5 + 256 ids.
func ByteVocabulary() *Vocabulary {
	tokens := make([]string, 256)
	for b := range tokens {
		tokens[b] = string([]byte{byte(b)})
	}
	return &Vocabulary{level: Bytes, tokens: tokens}
}

// NewVocabulary gives tokens the ids 5, 6, ... in their order. Tokens must be non-empty, distinct and free of white space.
func NewVocabulary(level Level, tokens []string) (*Vocabulary, error) {
	if level != Words && level != Pointed && level != Pieces && level != Exact {
		return nil, fmt.Errorf("datasets: Vocabulary level is %q, must be %q, %q, %q or %q with tokens, or %q without", level, Words, Pointed, Pieces, Exact, Bytes)
	}
	v := &Vocabulary{level: level, tokens: slices.Clone(tokens), ids: make(map[string]int32, len(tokens))}
	for i, t := range tokens {
		if t == "" || strings.IndexFunc(t, unicode.IsSpace) >= 0 {
			return nil, &tokenError{i, fmt.Sprintf("datasets: Vocabulary token %d is %q, must be non-empty and without white space", i, t)}
		}
		if first, ok := v.ids[t]; ok {
			return nil, &tokenError{i, fmt.Sprintf("datasets: Vocabulary token %d is %q, which is token %d already, must be distinct", i, t, first-reserved)}
		}
		v.ids[t] = reserved + int32(i)
	}
	return v, nil
}

// CountWords builds a vocabulary of texts at level Words or Pointed: the most frequent words first, ties in byte order,
// at most size ids with the reserved ones, and no word seen fewer than minCount times.
func CountWords(level Level, texts iter.Seq[string], size, minCount int) (*Vocabulary, error) {
	if size <= int(reserved) {
		return nil, fmt.Errorf("datasets: Options.VocabularySize is %d, must be at least %d (%d ids are reserved)", size, reserved+1, reserved)
	}
	if minCount < 1 {
		return nil, fmt.Errorf("datasets: Options.MinCount is %d, must be at least 1", minCount)
	}
	counts := map[string]int{}
	for text := range texts {
		for _, w := range level.split(text) {
			counts[w]++
		}
	}
	kept := make([]string, 0, len(counts))
	for w, n := range counts {
		if n >= minCount {
			kept = append(kept, w)
		}
	}
	slices.SortFunc(kept, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	return NewVocabulary(level, kept[:min(len(kept), size-int(reserved))])
}

// Level is the kind of token.
func (v *Vocabulary) Level() Level { return v.level }

// Size is the number of ids, reserved ones included; ids are 0..Size()-1.
func (v *Vocabulary) Size() int { return int(reserved) + len(v.tokens) }

// ID of a token, or Unknown.
func (v *Vocabulary) ID(token string) int32 {
	if v.level == Bytes {
		if len(token) != 1 {
			return Unknown
		}
		return reserved + int32(token[0])
	}
	if id, ok := v.ids[token]; ok {
		return id
	}
	return Unknown
}

// Token of an id; a reserved id has a name in brackets, an id outside 0..Size()-1 is "[UNK]".
func (v *Vocabulary) Token(id int32) string {
	switch {
	case id < 0 || int(id) >= v.Size():
		return reservedNames[Unknown]
	case id < reserved:
		return reservedNames[id]
	}
	return v.tokens[id-reserved]
}

// Encode gives CLS and the ids of text; with a second text, CLS first SEP second SEP, as BERT does.
func (v *Vocabulary) Encode(text string, second ...string) []int32 {
	ids := v.append([]int32{CLS}, text)
	for _, s := range second {
		ids = v.append(append(ids, SEP), s)
	}
	if len(second) > 0 {
		ids = append(ids, SEP)
	}
	return ids
}

// encodeText is Encode of Example.Text; second is where the second text of a pair begins, else 0.
func (v *Vocabulary) encodeText(text string) (ids []int32, second int) {
	first, other, pair := strings.Cut(text, "\t")
	ids = v.Encode(first)
	if !pair {
		return ids, 0
	}
	ids = append(ids, SEP)
	return append(v.append(ids, other), SEP), len(ids)
}

func (v *Vocabulary) append(ids []int32, text string) []int32 {
	if v.level == Bytes {
		ids = slices.Grow(ids, len(text))
		for i := range len(text) {
			ids = append(ids, reserved+int32(text[i]))
		}
		return ids
	}
	fields := v.level.split(text)
	ids = slices.Grow(ids, len(fields))
	for _, w := range fields {
		if v.level == Pieces {
			ids = v.appendPieces(ids, w)
			continue
		}
		ids = append(ids, v.ID(w))
	}
	return ids
}

// Decode writes ids as text, without padding and CLS.
func (v *Vocabulary) Decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if id == Pad || id == CLS {
			continue
		}
		if v.level != Bytes && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.Token(id))
	}
	return b.String()
}

// split gives the tokens of text at a level other than Bytes.
func (l Level) split(text string) []string {
	switch l {
	case Words:
		return strings.Fields(strings.ToLower(text))
	case Pointed, Pieces:
		return points(strings.ToLower(text))
	}
	return strings.Fields(text)
}

// points separates at white space and around every punctuation mark or symbol, as BERT's basic tokeniser does.
func points(text string) []string {
	var tokens []string
	start := -1
	for i, r := range text {
		space, point := unicode.IsSpace(r), unicode.IsPunct(r) || unicode.IsSymbol(r)
		if start >= 0 && (space || point) {
			tokens, start = append(tokens, text[start:i]), -1
		}
		switch {
		case point:
			tokens = append(tokens, text[i:i+utf8.RuneLen(r)])
		case !space && start < 0:
			start = i
		}
	}
	if start >= 0 {
		tokens = append(tokens, text[start:])
	}
	return tokens
}
