package transformer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Tokenizer turns text into the token ids of a Llama-type model and back: SentencePiece's scheme, where a space in front of
// the text is part of it, and byte pairs are joined by score.
type Tokenizer struct {
	pieces []string
	scores []float32
	ids    map[string]int32
	bytes  int32 // id of the piece of byte 0, 0 = unknown characters become unknown
}

// The first ids of SentencePiece's vocabularies.
const (
	UnknownToken int32 = 0
	BeginToken   int32 = 1 // starts a text
	EndToken     int32 = 2
)

// LoadTokenizer reads the tokens of a model with the given vocabulary size: a file of llama2.c (extension .bin: the longest
// piece as int32; then for each piece its score, its length as int32, its bytes) or SentencePiece's vocabulary as text (a
// piece, a tab and a score on each line).
func LoadTokenizer(path string, vocabulary int) (*Tokenizer, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("transformer: tokenizer: %w", err)
	}
	parse := parsePieces
	if strings.HasSuffix(path, ".bin") {
		parse = parseBinaryPieces
	}
	t, err := parse(file)
	if err == nil && len(t.pieces) != vocabulary {
		err = fmt.Errorf("%d pieces, the model has a vocabulary of %d", len(t.pieces), vocabulary)
	}
	if err != nil {
		return nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	return t, nil
}

func parseBinaryPieces(file []byte) (*Tokenizer, error) {
	if len(file) < 4 {
		return nil, fmt.Errorf("truncated: %d bytes, a tokenizer has at least 4", len(file))
	}
	longest := int32(binary.LittleEndian.Uint32(file))
	var pieces []string
	var scores []float32
	for left := file[4:]; len(left) > 0; {
		if len(left) < 8 {
			return nil, fmt.Errorf("%d trailing bytes after piece %d", len(left), len(pieces)-1)
		}
		score, n := math.Float32frombits(binary.LittleEndian.Uint32(left)), int32(binary.LittleEndian.Uint32(left[4:]))
		if n < 0 || n > max(longest, maxPiece) || int(n) > len(left)-8 {
			return nil, fmt.Errorf("piece %d: length is %d, must be in 0..%d", len(pieces), n, min(int(max(longest, maxPiece)), len(left)-8))
		}
		pieces, scores = append(pieces, string(left[8:8+n])), append(scores, score)
		left = left[8+n:]
	}
	return newTokenizer(pieces, scores)
}

// maxPiece is the least bound on a piece's length: files count the longest piece without the control pieces.
const maxPiece = 16

// wordStart is how SentencePiece writes a space.
const wordStart = "\u2581"

func parsePieces(file []byte) (*Tokenizer, error) {
	var pieces []string
	var scores []float32
	lines := bufio.NewScanner(bytes.NewReader(file))
	for lines.Scan() {
		piece, score, ok := strings.Cut(lines.Text(), "\t")
		x, err := strconv.ParseFloat(score, 32)
		if !ok || err != nil || piece == "" {
			return nil, fmt.Errorf("line %d is %q, must be a piece, a tab and a score", len(pieces)+1, lines.Text())
		}
		pieces, scores = append(pieces, strings.ReplaceAll(piece, wordStart, " ")), append(scores, float32(x))
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return newTokenizer(pieces, scores)
}

func newTokenizer(pieces []string, scores []float32) (*Tokenizer, error) {
	t := &Tokenizer{pieces: pieces, scores: scores, ids: map[string]int32{}}
	for i, p := range pieces {
		if _, twice := t.ids[p]; !twice {
			t.ids[p] = int32(i)
		}
		if i := strings.LastIndexByte(p, ' '); i > 0 {
			return nil, fmt.Errorf("piece %d (%q) has a space at %d: pieces that cross words are not supported", len(t.ids), p, i)
		}
		if math.IsNaN(float64(scores[i])) {
			return nil, fmt.Errorf("piece %d: its score is not a number", i)
		}
	}
	if len(pieces) <= int(EndToken) {
		return nil, fmt.Errorf("%d pieces, must be more than the %d control pieces", len(pieces), EndToken+1)
	}
	if id, ok := t.ids["<0x00>"]; ok && int(id)+256 <= len(pieces) {
		t.bytes = id
	}
	return t, nil
}

// Size is the number of pieces.
func (t *Tokenizer) Size() int { return len(t.pieces) }

// Encode gives the ids of a text, BeginToken first.
func (t *Tokenizer) Encode(text string) []int32 {
	ids := []int32{BeginToken}
	if text == "" {
		return ids
	}
	// No piece crosses a word, so each word is joined on its own.
	for word := range words(" " + text) {
		ids = append(ids, t.join(t.characters(word))...)
	}
	return ids
}

// words cuts a text in front of every space.
func words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			end := strings.IndexByte(text[1:], ' ') + 1
			if end == 0 {
				end = len(text)
			}
			if !yield(text[:end]) {
				return
			}
			text = text[end:]
		}
	}
}

func (t *Tokenizer) characters(word string) (ids []int32) {
	for _, c := range word {
		s := string(c)
		id, ok := t.ids[s]
		switch {
		case ok:
			ids = append(ids, id)
		case t.bytes > 0:
			for _, b := range []byte(s) {
				ids = append(ids, t.bytes+int32(b))
			}
		case c == '\n' || c == '\t' || c == '\r': // SentencePiece's own normalisation
			ids = append(ids, t.ids[" "])
		default:
			ids = append(ids, UnknownToken)
		}
	}
	return ids
}

// join merges the pair whose piece has the highest score, the first among equals, until no pair is a piece.
func (t *Tokenizer) join(ids []int32) []int32 {
	for {
		at, best := -1, float32(math.Inf(-1))
		var piece int32
		for i := 0; i+1 < len(ids); i++ {
			if id, ok := t.ids[t.pieces[ids[i]]+t.pieces[ids[i+1]]]; ok && t.scores[id] > best {
				at, best, piece = i, t.scores[id], id
			}
		}
		if at < 0 {
			return ids
		}
		ids = append(append(ids[:at:at], piece), ids[at+2:]...)
	}
}

// Piece is the text of one token: for the byte pieces the byte, for control pieces nothing.
func (t *Tokenizer) Piece(id int32) string {
	switch {
	case id < 0 || int(id) >= len(t.pieces) || id == BeginToken || id == EndToken:
		return ""
	case id == UnknownToken:
		return string(utf8.RuneError)
	case t.bytes > 0 && id >= t.bytes && id < t.bytes+256:
		return string([]byte{byte(id - t.bytes)})
	}
	return t.pieces[id]
}

// Decode gives the text of ids: the space that stands in front of a whole text is left out.
func (t *Tokenizer) Decode(ids []int32) string {
	var b strings.Builder
	for i, id := range ids {
		p := t.Piece(id)
		if i > 0 && ids[i-1] == BeginToken {
			p = strings.TrimPrefix(p, " ")
		}
		b.WriteString(p)
	}
	return b.String()
}
