package spatten

import (
	"fmt"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/pruning"
)

// Model is a transformer by its sizes (section V-A).
type Model struct {
	Name               string
	Layers, Heads, Dim int
}

// The four models of the evaluation.
var (
	BERTBase   = Model{"bert-base", 12, 12, 64}
	BERTLarge  = Model{"bert-large", 24, 16, 64}
	GPT2Small  = Model{"gpt2-small", 12, 12, 64}
	GPT2Medium = Model{"gpt2-medium", 24, 16, 64}
)

// Wide reports whether d_model is 1024, not 768.
func (m Model) Wide() bool { return m.Heads*m.Dim > 768 }

// Evidence says where a sentence length comes from.
type Evidence string

const (
	Printed    Evidence = "printed"
	Measured   Evidence = "measured"   // mean over the dev set, WordPiece of BERT uncased, with [CLS] and [SEP]
	Assumed    Evidence = "assumed"    // another set of the same kind stands in
	Unverified Evidence = "unverified" // restated without a source
)

// Task is a data set with its mean sentence.
type Task struct {
	Name     string
	Tokens   int
	Long     bool // SQuAD: processors pad it further than GLUE
	Evidence Evidence
	Note     string
}

// Tasks of BERT, in the order of Fig. 14's legend. The paper averages over each dev set and prints no length.
var Tasks = []Task{
	{"squad-v1", 181, true, Measured, "180.75 over the 1190 questions of the dev set that XQuAD kept"},
	{"squad-v2", 181, true, Assumed, "as v1: the paragraphs are the same"},
	{"cola", 12, false, Measured, "11.67 over 1043"},
	{"mnli-m", 39, false, Unverified, ""},
	{"mnli-mm", 39, false, Unverified, ""},
	{"mrpc", 53, false, Measured, "53.24 over 408"},
	{"qnli", 51, false, Measured, "51.08 over 5463"},
	{"qqp", 30, false, Unverified, ""},
	{"rte", 68, false, Measured, "68.27 over 277"},
	{"sst2", 25, false, Measured, "25.16 over 872"},
	{"stsb", 31, false, Measured, "31.47 over 1500"},
}

// Corpora of GPT-2, in the order of Keep.Corpora. All begin with 992 tokens and generate 32 (section V-A).
var Corpora = []Task{
	{"wikitext2", promptTokens, false, Printed, ""},
	{"wikitext103", promptTokens, false, Printed, ""},
	{"ptb", promptTokens, false, Printed, ""},
	{"1bw", promptTokens, false, Printed, ""},
}

// Keep is the declared set of ratios for all 30 benchmarks. The paper publishes none of them.
type Keep struct {
	Front, HeadFront float64 // share of layers left alone
	Later            float64 // the same of tokens in generation

	// BERT: the mean pruned share of tokens is Slope times the sentence length, at most Most ("longer inputs get larger
	// ratios", section V-A, without a formula).
	Slope, Most float64

	Corpora [4]float64 // GPT-2: mean pruned share of tokens by corpus, for both models
	Values  [2]float64 // GPT-2-Small, -Medium: share of the keys whose values are read

	Heads float64 // mean pruned share of heads behind HeadFront, all models

	// BERT: pruned tokens send no queries either. Without, every token of the sentence queries the kept keys, as the authors'
	// own simulator counts.
	QueriesFromKept bool

	BERTBits       int     // static
	KeyBits        int     // GPT-2, first plane; the second has 4
	Threshold      float64 // of the largest probability
	LSB            float64 // share of rows that need the second plane
	QueryBits      int
	NoProgress     bool // read both planes always
	Unquantised    bool // FP32 everywhere
	WithoutPruning bool
}

// Declared is the one set that every figure uses.
func Declared() Keep {
	return Keep{
		Front: 0.15, HeadFront: 0.30, // section V-A
		Later: 1.0 / 12, // authors' file for GPT-2-Medium: 2 of 24 layers; importance of earlier tokens is known by then
		// Chosen so that the mean token reduction over the 22 BERT benchmarks is 1.21, which follows from the printed 1.9 over
		// all 30 and 3.8 over GPT-2. No bar is involved.
		Slope: 1.0 / 340, Most: 0.5,
		// Fitted once, one number a corpus, on the four latencies of GPT-2-Small without head pruning that follow from
		// Fig. 15. GPT-2-Medium takes no part in the fit.
		Corpora: [4]float64{0.501, 0.642, 0.699, 0.90},
		Values:  [2]float64{0.20, 0.30}, // authors' workload files
		// Authors' bert.cpp charges all queries. So does the paper's arithmetic: 1.9 of the tokens times 1.1 of the heads is the
		// printed 2.1 of the computation, which fewer queries as well would make 2.6.
		QueriesFromKept: false,
		Heads:           0.13,  // gives the printed mean reduction of 1.1 (section V-B)
		BERTBits:        8,     // assumed: static; "12 bits on chip", the converter takes 4, 8, 12
		KeyBits:         6,     // 6+4 is usual (section III-D), and 32/5.1 = 6.27 bits are the printed mean
		Threshold:       0.1,   // section III-D
		LSB:             0.059, // abstract
		QueryBits:       16,    // authors' workload files
	}
}

// Benchmark is one of the 30.
type Benchmark struct {
	Model Model
	Task  Task
	Stage Stage
	index int // of its corpus
}

// Name is that of the published rows.
func (b Benchmark) Name() string { return b.Model.Name + "-" + b.Task.Name }

// Benchmarks are all 30: 22 of BERT, then 8 of GPT-2.
func Benchmarks() []Benchmark {
	var all []Benchmark
	for _, m := range []Model{BERTBase, BERTLarge} {
		for _, t := range Tasks {
			all = append(all, Benchmark{m, t, Summarisation, 0})
		}
	}
	for _, m := range []Model{GPT2Small, GPT2Medium} {
		for i, t := range Corpora {
			all = append(all, Benchmark{m, t, Generation, i})
		}
	}
	return all
}

// TokenRatio is the mean pruned share of tokens behind the front layers.
func (k Keep) TokenRatio(b Benchmark) float64 {
	if b.Stage == Generation {
		return k.Corpora[b.index]
	}
	return min(k.Most, k.Slope*float64(b.Task.Tokens))
}

// Validate names the first ratio out of range.
func (k Keep) Validate() error {
	bad := legal.Complaint("spatten: Keep")
	for _, f := range []struct {
		name  string
		value float64
	}{{"Front", k.Front}, {"HeadFront", k.HeadFront}, {"Later", k.Later}, {"Threshold", k.Threshold}, {"LSB", k.LSB}} {
		if !(f.value >= 0 && f.value <= 1) {
			return bad(f.name, f.value, "in 0..1")
		}
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"Most", k.Most}, {"Heads", k.Heads}, {"Corpora[0]", k.Corpora[0]}, {"Corpora[1]", k.Corpora[1]}, {"Corpora[2]", k.Corpora[2]}, {"Corpora[3]", k.Corpora[3]}} {
		if !(f.value >= 0 && f.value < 1) {
			return bad(f.name, f.value, "in [0,1): the share that is kept must be in (0,1]")
		}
	}
	for i, v := range k.Values {
		if !(v > 0 && v <= 1) {
			return bad(fmt.Sprintf("Values[%d]", i), v, "in (0,1]")
		}
	}
	if !(k.Slope >= 0 && k.Slope <= 1) {
		return bad("Slope", k.Slope, "in 0..1")
	}
	return nil
}

// Workload makes the rows of a benchmark.
func (k Keep) Workload(b Benchmark) (Workload, error) {
	if err := k.Validate(); err != nil {
		return Workload{}, err
	}
	tokenAverage, headAverage := k.TokenRatio(b), k.Heads
	if k.WithoutPruning {
		tokenAverage, headAverage = 0, 0
	}
	front := k.Front
	if b.Stage == Generation {
		front = k.Later
	}
	tokens, err := pruning.Spread(b.Model.Layers, front, tokenAverage)
	if err != nil {
		return Workload{}, fmt.Errorf("spatten: %w", err)
	}
	heads, err := pruning.Spread(b.Model.Layers, k.HeadFront, headAverage)
	if err != nil {
		return Workload{}, fmt.Errorf("spatten: %w", err)
	}
	w := Workload{Name: b.Name(), Stage: b.Stage, Seed: 1}
	if b.Stage == Summarisation {
		k.summarise(&w, b, tokens, heads)
	} else {
		k.generate(&w, b, tokens, heads)
	}
	return w, w.Validate()
}

func (k Keep) summarise(w *Workload, b Benchmark, tokens, heads []float64) {
	for l := range b.Model.Layers {
		n := pruning.Keep(b.Task.Tokens, tokens[l])
		h, queries := pruning.Keep(b.Model.Heads, heads[l]), b.Task.Tokens
		if k.QueriesFromKept {
			queries = n
		}
		for i := range h {
			r := Row{Layer: l, Head: i, Dim: b.Model.Dim, Length: b.Task.Tokens, Queries: queries, Keys: n, Values: n, KeyBits: k.BERTBits, ValueBits: k.BERTBits,
				QueryBits: k.BERTBits, Threshold: Float, LSBBits: Float, Accumulate: true, Keep: Float}
			if k.Unquantised {
				r.KeyBits, r.ValueBits, r.QueryBits = Float, Float, Float
			}
			if l+1 < b.Model.Layers && i == h-1 {
				if next := pruning.Keep(b.Task.Tokens, tokens[l+1]); next < n {
					r.Rank, r.Keep = true, next
				}
			}
			w.Rows = append(w.Rows, r)
		}
	}
}

func (k Keep) generate(w *Workload, b Benchmark, tokens, heads []float64) {
	random := rand.New(rand.NewPCG(w.Seed, 0x15b))
	share := k.Values[0]
	if b.Model.Wide() {
		share = k.Values[1]
	}
	for it := range generatedTokens {
		length := b.Task.Tokens + 1 + it
		for l := range b.Model.Layers {
			keys := func(l int) int {
				if it == 0 || l >= len(tokens) { // nothing has been ranked yet, as in the authors' files
					return length
				}
				return pruning.Keep(length, tokens[l])
			}
			h := pruning.Keep(b.Model.Heads, heads[l])
			for i := range h {
				r := Row{Iteration: it, Layer: l, Head: i, Dim: b.Model.Dim, Length: length, Queries: 1, Keys: keys(l), KeyBits: k.KeyBits, ValueBits: k.KeyBits,
					QueryBits: k.QueryBits, Threshold: k.Threshold, LSBBits: 4, Accumulate: true, Keep: Float}
				r.LSB = random.Float64() < k.LSB
				if k.NoProgress {
					r.KeyBits, r.ValueBits, r.LSBBits, r.Threshold, r.LSB = k.KeyBits+4, k.KeyBits+4, Float, Float, false
				}
				if k.Unquantised {
					r.KeyBits, r.ValueBits, r.QueryBits, r.LSBBits, r.Threshold, r.LSB = Float, Float, Float, Float, Float, false
				}
				if r.Values = max(1, int(share*float64(r.Keys)+1e-9)); k.WithoutPruning {
					r.Values = r.Keys
				}
				if i == h-1 && l+1 < b.Model.Layers && keys(l+1) < r.Keys {
					r.Rank, r.Keep = true, keys(l+1)
				}
				w.Rows = append(w.Rows, r)
			}
		}
	}
}
