package transformer

import (
	"fmt"

	"github.com/gomlx/go-huggingface/tokenizers/hftokenizer"
)

// BERTTokens turns texts into the ids of an imported encoder by the tokenizer.json that comes with it.
type BERTTokens struct{ tokenizer *hftokenizer.Tokenizer }

// LoadBERTTokens reads a tokenizer.json of Hugging Face.
func LoadBERTTokens(path string) (*BERTTokens, error) {
	t, err := hftokenizer.NewFromFile(nil, path)
	if err != nil {
		return nil, fmt.Errorf("transformer: %s: %w", path, err)
	}
	return &BERTTokens{t}, nil
}

// Encode gives the ids of a text, with the special tokens that the file puts around it, and at most limit of them: what is
// cut leaves the last one, the separator, in place.
func (t *BERTTokens) Encode(text string, limit int) []int32 {
	var ids []int32
	for _, id := range t.tokenizer.Encode(text) {
		ids = append(ids, int32(id))
	}
	if n := len(ids); limit > 0 && n > limit {
		ids = append(ids[:limit-1], ids[n-1])
	}
	return ids
}

// Token is the text of one id.
func (t *BERTTokens) Token(id int32) string {
	s, _ := t.tokenizer.IDToToken(int(id))
	return s
}
