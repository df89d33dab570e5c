package transformer

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// The text that a separate program in PyTorch wrote with the same weights.
const babyLlamaText = "Once upon a time, there was a little girl named Lily. She loved to play outside in the sunshine. One day, she went to the park with her mommy and daddy. She saw a big box on the ground. She wanted to play with it, but she was too heavy. She was so happy "

func TestGreedyTextOfBabyLlama(t *testing.T) {
	_, d, tok := pretrained(t, babyLlama, "babyllama105/tok105.vocab")
	ids, err := d.NewSession(nil).Generate(context.Background(), tok.Encode("Once upon a time"), 256)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(ids); got != babyLlamaText {
		t.Errorf("greedy text is\n%s\nmust be\n%s", got, babyLlamaText)
	}
}

// A forked session goes on as the first one would have.
func TestForkGoesOnAlike(t *testing.T) {
	m, err := NewEncoder(LlamaSpec(2, 16, 4, 2, 24, 10, 9), 3)
	if err != nil {
		t.Fatal(err)
	}
	grow(t, m)
	d, err := NewDecoder(m)
	if err != nil {
		t.Fatal(err)
	}
	first := d.NewSession(nil)
	step := func(s *Session, id int32) []float32 {
		logits, err := s.Step(id)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(logits)
	}
	step(first, 1)
	step(first, 7)
	fork := first.Fork(nil)
	step(fork, 2) // must not reach the first session
	if a, b := step(first, 5), step(first.Fork(nil), 4); slices.Equal(a, b) {
		t.Error("different tokens gave the same logits")
	}
	again := d.NewSession(nil)
	for _, id := range []int32{1, 7, 5} {
		step(again, id)
	}
	if a, b := step(first, 3), step(again, 3); !slices.Equal(a, b) {
		t.Error("a fork changed its session")
	}
}

// llamaFile is a whole model file of zeros with the header h.
func llamaFile(h [7]int32, weights int) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, h)
	b.Write(make([]byte, 4*weights))
	return b.Bytes()
}

func TestModelFilesOfTheWrongSizeAreRefused(t *testing.T) {
	good := [7]int32{8, 12, 2, 4, 2, 5, 6}
	spec := LlamaSpec(2, 8, 4, 2, 12, 6, 5)
	n := spec.Size() + 6*2
	if _, _, err := parseLlama(llamaFile(good, n)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		file []byte
		want string
	}{
		{"short", llamaFile(good, n-1), "truncated"},
		{"long", append(llamaFile(good, n), 1, 2, 3), "3 trailing bytes"},
		{"no header", []byte{1, 2, 3}, "truncated"},
		{"heads", llamaFile([7]int32{8, 12, 2, 3, 1, 5, 6}, n), "Spec.Hidden"},
		{"K/V heads", llamaFile([7]int32{8, 12, 2, 4, 3, 5, 6}, n), "Spec.KVHeads"},
		{"own output", llamaFile([7]int32{8, 12, 2, 4, 2, -5, 6}, n), "vocabulary is -5"},
		{"width", llamaFile([7]int32{1 << 30, 12, 2, 4, 2, 5, 6}, n), "Spec.Hidden"},
	} {
		_, _, err := parseLlama(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, must name %q", c.what, err, c.want)
		}
	}
}

func TestTokenizer(t *testing.T) {
	tok, err := parsePieces([]byte("<unk>\t0\n<s>\t0\n</s>\t0\n\u2581\t-9\na\t-9\nb\t-9\nab\t-2\n\u2581a\t-1\nba\t-3\n"))
	if err != nil {
		t.Fatal(err)
	}
	// " a" goes before "ab": its score is higher.
	if got, want := tok.Encode("aba x"), []int32{1, 7, 8, 3, 0}; !slices.Equal(got, want) {
		t.Errorf("ids are %v, must be %v", got, want)
	}
	if got := tok.Decode(tok.Encode("ab ba")); got != "ab ba" {
		t.Errorf("text came back as %q", got)
	}
	for _, bad := range []string{"<unk>\t0\n", "a\t0\nb\nc\t0\n", "<unk>\t0\n<s>\t0\n</s>\t0\na b\t0\n"} {
		if _, err := parsePieces([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzParseLlama(f *testing.F) {
	f.Add(llamaFile([7]int32{8, 12, 2, 4, 2, 5, 6}, LlamaSpec(2, 8, 4, 2, 12, 6, 5).Size()+12))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		s, ts, err := parseLlama(file)
		if err != nil {
			return
		}
		m, err := NewEncoder(s, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.SetTensors(ts); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParseTokens(f *testing.F) {
	f.Add([]byte("\x07\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00<unk>"), "text")
	f.Add([]byte("<unk>\t0\n<s>\t0\n</s>\t0\na\t1\n"), "a a")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		for _, parse := range []func([]byte) (*Tokenizer, error){parseBinaryPieces, parsePieces} {
			tok, err := parse(file)
			if err != nil || len(text) > 200 {
				continue
			}
			for _, id := range tok.Encode(text) {
				if id < 0 || int(id) >= tok.Size() {
					t.Fatalf("id %d of %d pieces", id, tok.Size())
				}
			}
		}
	})
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
