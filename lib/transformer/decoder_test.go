package transformer

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
)

// pretrained loads one of the small TinyStories models, or skips.
func pretrained(t testing.TB, model, tokens string) (*Encoder, *Decoder, *Tokenizer) {
	t.Helper()
	root, err := datasets.DataRoot("")
	if err != nil {
		t.Skipf("no data folder: %v", err)
	}
	path := filepath.Join(root, "models", model)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data folder has no %s", model)
	}
	m, err := LoadLlama(path)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := LoadTokenizer(filepath.Join(root, "models", tokens), m.Spec.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDecoder(m)
	if err != nil {
		t.Fatal(err)
	}
	return m, d, tok
}

const (
	stories260K = "stories260K/stories260K.bin"
	babyLlama   = "babyllama105/model5000.bin"
)

// The text that llama2.c's own test expects of stories260K at temperature 0 within 200 steps (test_all.py, test_runc).
const stories260KText = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n" +
	"Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. She said, \"I want to play with your ball, but I can't find it.\"\n" +
	"Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\"\n" +
	"Lily didn't want to help her mom, so she"

func TestGreedyTextOfStories260K(t *testing.T) {
	_, d, tok := pretrained(t, stories260K, "stories260K/tok512.bin")
	ids, err := d.NewSession(nil).Generate(context.Background(), tok.Encode(""), 201) // the 200 steps and the first token
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(ids); got != stories260KText {
		t.Errorf("greedy text is\n%s\nmust be\n%s", got, stories260KText)
	}
}

func TestGreedyBaby(t *testing.T) {
	_, d, tok := pretrained(t, babyLlama, "babyllama105/tok105.vocab")
	ids, err := d.NewSession(nil).Generate(context.Background(), tok.Encode("Once upon a time"), 256) // the 200 steps and the first token
	if err != nil {
		t.Fatal(err)
	}
	t.Log(tok.Decode(ids))
}
func BenchmarkGenerate(b *testing.B) {
	for _, c := range []struct{ name, model, tokens string }{
		{"stories260K", stories260K, "stories260K/tok512.bin"}, {"babyllama105", babyLlama, "babyllama105/tok105.vocab"}} {
		b.Run(c.name, func(b *testing.B) {
			_, d, tok := pretrained(b, c.model, c.tokens)
			tokens := 0
			for b.Loop() {
				ids, err := d.NewSession(nil).Generate(context.Background(), tok.Encode(""), 256)
				if err != nil {
					b.Fatal(err)
				}
				tokens += len(ids)
			}
			b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
