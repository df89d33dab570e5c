package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// LanguageModel is a decoder with the text that it is judged on.
type LanguageModel struct {
	Title    string
	Unit     string // what a token is: "byte", "character", "token"
	Text     string // what the passages come from
	Decoder  *transformer.Decoder
	Trained  *TrainedLanguage // nil where the model came from elsewhere
	Passages []Passage
	Encode   func(text string) []int32 // begins with the token that starts a text
	Piece    func(id int32) string
}

// promptShare of a passage is read and the rest is generated, as SpAtten's GPT-2 runs read 992 tokens of 1024; here an
// eighth is generated, because the contexts are shorter.
const promptShare = 7.0 / 8

// pretrained are the small TinyStories models of the data folder.
var pretrained = []struct{ title, unit, model, tokens string }{
	{"stories260K (512 pieces)", "token", "stories260K/stories260K.bin", "stories260K/tok512.bin"},
	{"BabyLlama (characters)", "character", "babyllama105/model5000.bin", "babyllama105/tok105.vocab"},
}

// LanguageModels returns our own decoder and, where the data folder has them, the pretrained ones, each with the given number
// of passages spread evenly over its text; absent says which were left out, and why.
func LanguageModels(where Where, passages int) (models []LanguageModel, absent []string, err error) {
	if passages < 2 {
		return nil, nil, fmt.Errorf("experiment: passages are %d, must be at least 2", passages)
	}
	own, err := ownLanguageModel(where, passages)
	switch {
	case errors.Is(err, datasets.ErrNoData), errors.Is(err, os.ErrNotExist):
		absent = append(absent, fmt.Sprintf("%s is left out: %v", OpticksRecipe().Title, err))
	case err != nil:
		return nil, nil, err
	default:
		models = append(models, own...)
	}
	for _, p := range pretrained {
		m, err := loadPretrained(where.Data, p.title, p.unit, p.model, p.tokens, passages)
		switch {
		case errors.Is(err, datasets.ErrNoData):
			absent = append(absent, fmt.Sprintf("%s is left out: %v", p.title, err))
		case err != nil:
			return nil, nil, err
		default:
			models = append(models, m)
		}
	}
	return models, absent, nil
}

// ownLanguageModel is the dense decoder and, where there is one, that trained on with the cascade.
func ownLanguageModel(where Where, passages int) (models []LanguageModel, err error) {
	r := OpticksRecipe()
	data, err := r.Open(where.Data)
	if err != nil {
		return nil, err
	}
	folder := where.Checkpoints
	if where.Retrain != "" {
		folder = where.Retrain // where LanguageRecipe.LoadOrTrain leaves it
	}
	t, err := r.Load(folder)
	if err != nil {
		return nil, err
	}
	for _, form := range []struct {
		title string
		model *transformer.Encoder
	}{{r.Title, t.Dense}, {r.Title + ", trained with the cascade", t.Cascaded}} {
		if form.model == nil {
			continue
		}
		m, err := t.language(form.title, form.model, data, passages)
		if err != nil {
			return nil, err
		}
		models = append(models, m)
	}
	return models, nil
}

// language is a decoder with passages of its text's test split.
func (t *TrainedLanguage) language(title string, model *transformer.Encoder, data *datasets.Dataset, passages int) (m LanguageModel, err error) {
	m = LanguageModel{Title: title, Unit: t.Card.Unit, Text: data.Name + ", test split", Trained: t}
	if m.Decoder, err = transformer.NewDecoder(model); err != nil {
		return m, err
	}
	vocabulary := data.Vocabulary
	m.Encode = func(text string) []int32 { return vocabulary.Encode(text) }
	m.Piece = func(id int32) string { return vocabulary.Decode([]int32{id}) }
	var text []int32
	for _, e := range data.Test {
		text = append(text, e.IDs[1:]...)
	}
	m.Passages, err = m.cut(datasets.CLS, text, passages)
	return m, err
}

func loadPretrained(folder, title, unit, model, tokens string, passages int) (m LanguageModel, err error) {
	path := func(parts ...string) string {
		if err == nil {
			var found string
			found, err = datasets.Find(folder, parts...)
			return found
		}
		return ""
	}
	modelPath, tokensPath := path("models", filepath.FromSlash(model)), path("models", filepath.FromSlash(tokens))
	textPath := path("tinystories", "tinystories_val.txt")
	if err != nil {
		return m, err
	}
	encoder, err := transformer.LoadLlama(modelPath)
	if err != nil {
		return m, err
	}
	tok, err := transformer.LoadTokenizer(tokensPath, encoder.Spec.Vocabulary)
	if err != nil {
		return m, err
	}
	text, err := os.ReadFile(textPath)
	if err != nil {
		return m, fmt.Errorf("experiment: %w", err)
	}
	m = LanguageModel{Title: title, Unit: unit, Text: "TinyStories, validation", Encode: tok.Encode, Piece: tok.Piece}
	if m.Decoder, err = transformer.NewDecoder(encoder); err != nil {
		return m, err
	}
	// Passages begin with a story, as the models' training texts did.
	start := strings.Index(string(text), storyStart)
	if start < 0 {
		return m, fmt.Errorf("experiment: %s: no story begins with %q", textPath, storyStart)
	}
	m.Passages, err = m.stories(string(text[start:]), tok, passages)
	return m, err
}

const storyStart = "Once upon a time"

// stories cuts passages that begin where a story does, spread evenly over the text.
func (m *LanguageModel) stories(text string, tok *transformer.Tokenizer, passages int) (out []Passage, err error) {
	n := m.Decoder.Spec.Tokens
	var starts []int
	for at := 0; ; {
		i := strings.Index(text[at:], storyStart)
		if i < 0 || at+i+n*longestPiece > len(text) {
			break
		}
		starts = append(starts, at+i)
		at += i + 1
	}
	if len(starts) < passages {
		return nil, fmt.Errorf("experiment: %s has %d stories, must have at least %d", m.Text, len(starts), passages)
	}
	for i := range passages {
		at := starts[i*len(starts)/passages]
		ids := tok.Encode(text[at : at+n*longestPiece])
		out = append(out, m.passage(ids[0], ids[1:n]))
	}
	return out, nil
}

// longestPiece bounds the bytes of a token in the vocabularies here.
const longestPiece = 8

// cut makes passages as long as the decoder's context, each with its start token, spread evenly over a text.
func (m *LanguageModel) cut(start int32, text []int32, passages int) (out []Passage, err error) {
	n := m.Decoder.Spec.Tokens - 1
	if len(text) < n*passages {
		return nil, fmt.Errorf("experiment: %s has %d tokens, must have %d for %d passages", m.Text, len(text), n*passages, passages)
	}
	for i := range passages {
		at := i * (len(text) - n) / (passages - 1)
		out = append(out, m.passage(start, text[at:at+n]))
	}
	return out, nil
}

func (m *LanguageModel) passage(start int32, text []int32) Passage {
	ids := append([]int32{start}, text...)
	at := int(promptShare * float64(len(ids)))
	p := Passage{Prompt: ids[:at], Text: ids[at:]}
	for _, id := range p.Text[1:] {
		p.Bytes += len(m.Piece(id))
	}
	return p
}

// Pieces are the texts of tokens, one each.
func (m *LanguageModel) Pieces(ids []int32) []string {
	var out []string
	for _, id := range ids {
		out = append(out, m.Piece(id))
	}
	return slices.Clip(out)
}
