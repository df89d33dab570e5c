package datasets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sparse-attention/workbench/datasets"
)

func examplesOf(lengths []int) []datasets.Example {
	examples := make([]datasets.Example, len(lengths))
	for i, n := range lengths {
		ids := make([]int32, n)
		for k := range ids {
			ids[k] = int32(10 + i + k)
		}
		ids[0] = datasets.CLS
		examples[i] = datasets.Example{IDs: ids, Label: int32(i % 3), Score: float32(i)}
	}
	return examples
}

func TestBatchLayout(t *testing.T) {
	examples := examplesOf([]int{3, 2, 4})
	var got []datasets.Batch
	for b := range datasets.Batches(examples, datasets.BatchOptions{Size: 2, Widths: []int{4}}) {
		got = append(got, b)
	}
	want := []datasets.Batch{
		{Size: 2, Tokens: 4, Count: 2, IDs: []int32{2, 11, 12, 0, 2, 12, 0, 0}, Lengths: []int32{3, 2}, Labels: []int32{0, 1}, Scores: []float32{0, 1}, Spans: make([][2]int32, 2), Examples: []int{0, 1}},
		{Size: 2, Tokens: 4, Count: 1, IDs: []int32{2, 13, 14, 15, 2, 0, 0, 0}, Lengths: []int32{4, 1}, Labels: []int32{2, -1}, Scores: []float32{2, 0}, Spans: make([][2]int32, 2), Examples: []int{2, -1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// Every example comes exactly once and whole, in the narrowest legal width, whatever the options.
func TestBatchesCoverExamplesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		examples := examplesOf(rapid.SliceOfN(rapid.IntRange(1, 60), 0, 80).Draw(t, "lengths"))
		o := datasets.BatchOptions{
			Size: rapid.IntRange(1, 9).Draw(t, "size"), Shuffle: rapid.Bool().Draw(t, "shuffle"), Seed: rapid.Uint64().Draw(t, "seed"),
			Epoch: rapid.IntRange(0, 5).Draw(t, "epoch"), Multiple: rapid.IntRange(0, 20).Draw(t, "multiple"), Limit: 60,
		}
		if rapid.Bool().Draw(t, "widths") {
			o.Widths = []int{7, 30, 64}
		}
		var seen []int
		for b := range datasets.Batches(examples, o) {
			if b.Size != o.Size || len(b.IDs) != b.Size*b.Tokens || b.Tokens > 60 || b.Count < 1 || b.Count > b.Size {
				t.Fatalf("batch %d x %d, %d ids, count %d", b.Size, b.Tokens, len(b.IDs), b.Count)
			}
			for r := range b.Size {
				row, n := b.IDs[r*b.Tokens:(r+1)*b.Tokens], int(b.Lengths[r])
				if slices.ContainsFunc(row[n:], func(id int32) bool { return id != datasets.Pad }) {
					t.Fatalf("row %d has ids behind its length %d: %v", r, n, row)
				}
				if r >= b.Count {
					if b.Labels[r] != -1 || n != 1 || b.Examples[r] != -1 {
						t.Fatalf("filling row has label %d, length %d, example %d", b.Labels[r], n, b.Examples[r])
					}
					continue
				}
				e := examples[b.Examples[r]]
				if !slices.Equal(row[:n], e.IDs) || b.Labels[r] != e.Label || b.Scores[r] != e.Score {
					t.Fatalf("row %d is not example %d", r, b.Examples[r])
				}
				seen = append(seen, b.Examples[r])
			}
		}
		slices.Sort(seen)
		for i, s := range seen {
			if s != i {
				t.Fatalf("example %d is missing or doubled", i)
			}
		}
		if len(seen) != len(examples) {
			t.Fatalf("%d of %d examples", len(seen), len(examples))
		}
	})
}

func order(examples []datasets.Example, o datasets.BatchOptions) (rows []int, batches int) {
	for b := range datasets.Batches(examples, o) {
		rows = append(rows, b.Examples...)
		batches++
	}
	return rows, batches
}

// The parts of a batch, one after the other, are the batch.
func TestSplitProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 9), 1, 12).Draw(t, "lengths")
		size, n := rapid.IntRange(1, 12).Draw(t, "size"), rapid.IntRange(1, 14).Draw(t, "parts")
		for b := range datasets.Batches(examplesOf(lengths), datasets.BatchOptions{Size: size, Multiple: 3}) {
			parts := b.Split(n)
			if len(parts) != min(n, size) {
				t.Fatalf("%d parts of %d rows, want %d", len(parts), size, min(n, size))
			}
			sum := datasets.Batch{Tokens: b.Tokens}
			for _, p := range parts {
				if p.Size < size/len(parts) || p.Size > size/len(parts)+1 {
					t.Errorf("a part has %d of %d rows", p.Size, size)
				}
				sum.Size, sum.Count = sum.Size+p.Size, sum.Count+p.Count
				sum.IDs, sum.Lengths, sum.Labels = append(sum.IDs, p.IDs...), append(sum.Lengths, p.Lengths...), append(sum.Labels, p.Labels...)
				sum.Scores, sum.Spans, sum.Examples = append(sum.Scores, p.Scores...), append(sum.Spans, p.Spans...), append(sum.Examples, p.Examples...)
			}
			if diff := cmp.Diff(b, sum); diff != "" {
				t.Errorf("the parts differ from the batch (-want +got):\n%s", diff)
			}
		}
	})
}

func TestShuffle(t *testing.T) {
	lengths := make([]int, 300)
	for i := range lengths {
		lengths[i] = 1 + i%40
	}
	examples := examplesOf(lengths)
	o := datasets.BatchOptions{Size: 8, Seed: 1, Epoch: 1, Shuffle: true}
	first, n := order(examples, o)
	if again, _ := order(examples, o); !slices.Equal(first, again) {
		t.Error("the same seed and epoch give two orders")
	}
	for name, o := range map[string]datasets.BatchOptions{
		"epoch": {Size: 8, Seed: 1, Epoch: 2, Shuffle: true}, "seed": {Size: 8, Seed: 2, Epoch: 1, Shuffle: true}, "no shuffle": {Size: 8},
	} {
		other, m := order(examples, o)
		if slices.Equal(first, other) {
			t.Errorf("%s: the order is the same", name)
		}
		if m != n {
			t.Errorf("%s: %d batches, the first epoch has %d", name, m, n)
		}
	}
}

func TestDropLast(t *testing.T) {
	for b := range datasets.Batches(examplesOf([]int{5, 5, 5, 20, 20, 20, 20, 20}), datasets.BatchOptions{Size: 2, DropLast: true}) {
		if b.Count != b.Size {
			t.Errorf("a batch of %d of %d rows", b.Count, b.Size)
		}
	}
}

func TestBatchesStopEarly(t *testing.T) {
	n := 0
	for range datasets.Batches(examplesOf([]int{1, 2, 3, 4}), datasets.BatchOptions{Size: 1}) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d batches after a break at 2", n)
	}
}

func TestBatchOptionsRefuse(t *testing.T) {
	examples := examplesOf([]int{3, 40})
	for want, o := range map[string]datasets.BatchOptions{
		"BatchOptions.Size is 0":                        {},
		"BatchOptions.Multiple is -1":                   {Size: 1, Multiple: -1},
		"BatchOptions.Limit is -2":                      {Size: 1, Limit: -2},
		"BatchOptions.Widths[1] is 8":                   {Size: 1, Widths: []int{8, 8}},
		"example 1 has 40 tokens, must have at most 32": {Size: 1, Widths: []int{8, 32}},
		"example 1 has 40 tokens, must have at most 39": {Size: 1, Limit: 39},
	} {
		if err := o.Check(examples); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", o, err, want)
		}
	}
	if err := (datasets.BatchOptions{Size: 1}).Check([]datasets.Example{{}}); err == nil || !strings.Contains(err.Error(), "0 tokens") {
		t.Errorf("an empty example: error %v", err)
	}
}

func ExampleBatches() {
	l := datasets.ListOpsShort()
	l.Train, l.Dev, l.Test = 1000, 1, 1
	train, _, _, err := l.Generate()
	if err != nil {
		panic(err)
	}
	batches, cells, tokens := 0, 0, 0
	widths := map[int]bool{}
	for b := range datasets.Batches(train, datasets.BatchOptions{Size: 32, Shuffle: true, Epoch: 1}) {
		batches++
		cells += b.Size * b.Tokens
		widths[b.Tokens] = true
		for _, n := range b.Lengths[:b.Count] {
			tokens += int(n)
		}
	}
	fmt.Printf("%d batches of %d widths, %.0f %% of the cells hold a token\n", batches, len(widths), 100*float64(tokens)/float64(cells))
	// Output: 34 batches of 7 widths, 75 % of the cells hold a token
}

func BenchmarkBatches(b *testing.B) {
	l := datasets.ListOpsShort()
	l.Train = 20000
	train, _, _, err := l.Generate()
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	n := 0
	for i := range b.N {
		for range datasets.Batches(train, datasets.BatchOptions{Size: 32, Shuffle: true, Epoch: i}) {
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "batches/s")
}

// A budget of tokens bounds rows x width, and every example still comes once.
func TestTokenBudget(t *testing.T) {
	examples := examplesOf([]int{3, 30, 60, 5, 33, 64, 2, 17, 9, 40})
	o := datasets.BatchOptions{Size: 4, Tokens: 128, Multiple: 16, Shuffle: true, Seed: 1}
	seen := 0
	for b := range datasets.Batches(examples, o) {
		if b.Size*b.Tokens > 128 || b.Size > 4 || len(b.IDs) != b.Size*b.Tokens {
			t.Errorf("batch of %d x %d", b.Size, b.Tokens)
		}
		seen += b.Count
	}
	if seen != len(examples) {
		t.Errorf("%d examples seen, want %d", seen, len(examples))
	}
}
