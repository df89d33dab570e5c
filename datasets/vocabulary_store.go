package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/renameio/v2/maybe"
)

// stored is the JSON form: one token a line, the reserved ids left out, none at byte level.
type stored struct {
	Level  Level    `json:"level"`
	Tokens []string `json:"tokens"`
}

// MarshalJSON gives the level and the tokens in id order.
func (v *Vocabulary) MarshalJSON() ([]byte, error) {
	s := stored{v.level, v.tokens}
	if v.level == Bytes {
		s.Tokens = []string{}
	}
	return json.Marshal(s)
}

// UnmarshalJSON is the reverse of MarshalJSON.
func (v *Vocabulary) UnmarshalJSON(data []byte) error {
	var s stored
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return err
	}
	if s.Level == Bytes {
		if len(s.Tokens) > 0 {
			return &tokenError{0, fmt.Sprintf("datasets: a vocabulary of level %q has %d tokens, must have 0", Bytes, len(s.Tokens))}
		}
		*v = *ByteVocabulary()
		return nil
	}
	read, err := NewVocabulary(s.Level, s.Tokens)
	if err != nil {
		return err
	}
	*v = *read
	return nil
}

// Save writes the vocabulary beside path, then renames, so that path never holds half of one.
func (v *Vocabulary) Save(path string) (err error) {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", path, err)
	}
	return replaceFile(path, append(data, '\n'))
}

// LoadVocabulary reads what Save wrote. Errors name the file and the line.
func LoadVocabulary(path string) (*Vocabulary, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	return parseVocabulary(path, data)
}

func parseVocabulary(path string, data []byte) (*Vocabulary, error) {
	fail := func(offset int64, what any) (*Vocabulary, error) {
		line := 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
		return nil, fmt.Errorf("datasets: %s:%d: %s", path, line, strings.TrimPrefix(fmt.Sprint(what), "datasets: "))
	}
	v := &Vocabulary{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(v); err != nil {
		var (
			syntax *json.SyntaxError
			kind   *json.UnmarshalTypeError
			token  *tokenError
		)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return fail(int64(len(data)), "the file ends in mid-vocabulary; is it cut off?")
		case errors.As(err, &syntax):
			return fail(syntax.Offset, err)
		case errors.As(err, &kind):
			return fail(kind.Offset, fmt.Sprintf("field %s is a %s, must be a %s", kind.Field, kind.Value, kind.Type))
		case errors.As(err, &token):
			return fail(tokenOffset(data, token.index), err)
		}
		return fail(0, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fail(decoder.InputOffset(), "more text behind the vocabulary")
	}
	return v, nil
}

// tokenError is about one token of a vocabulary.
type tokenError struct {
	index int
	what  string
}

func (e *tokenError) Error() string { return e.what }

// tokenOffset is where the token with the given index ends in the JSON text.
func tokenOffset(data []byte, index int) int64 {
	decoder := json.NewDecoder(bytes.NewReader(data))
	inside := false
	for {
		t, err := decoder.Token()
		switch {
		case err != nil:
			return decoder.InputOffset()
		case t == json.Delim('['):
			inside = true
		case inside && index == 0:
			return decoder.InputOffset()
		case inside:
			index--
		}
	}
}

// replaceFile writes the file whole or not at all.
func replaceFile(path string, data []byte) error {
	if err := maybe.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	return nil
}
