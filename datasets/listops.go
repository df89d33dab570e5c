package datasets

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// ListOps is a generator of nested list operations over the digits 0..9; the label is the value of the expression.
// Rule: Long Range Arena, lra_benchmarks/data/listops.py.
type ListOps struct {
	MinLength, MaxLength int // accepted: MinLength < length < MaxLength, in tokens without CLS
	MaxDepth             int // nodes at this depth are digits; the root is at depth 1
	Train, Dev, Test     int // distinct trees per split
	Seed                 uint64
	InnerValues          bool // examples carry the value of every list in Example.Inner
}

// ListOpsLRA is the benchmark's own size.
func ListOpsLRA() ListOps {
	return ListOps{
		MinLength: 500, MaxLength: 2000, MaxDepth: 10, // lra_benchmarks/data/listops.py: defaults
		Train: 96000, Dev: 2000, Test: 2000, // ibid.
	}
}

// ListOpsShort has at most 128 tokens with CLS, for training on a few cores.
func ListOpsShort() ListOps {
	return ListOps{
		MinLength: 16, MaxLength: 128, // assumed: fits 128 positions; below 17 tokens most trees are one operator deep
		MaxDepth: 10,                           // as the benchmark
		Train:    40000, Dev: 2000, Test: 2000, // assumed: an epoch of a small encoder in a few minutes; dev and test as the benchmark
	}
}

// Validate names the first field that is out of range.
func (l ListOps) Validate() error {
	for _, f := range []struct {
		name            string
		value, min, max int
	}{
		{"MinLength", l.MinLength, 0, 1 << 20}, {"MaxLength", l.MaxLength, 2, 1 << 20}, {"MaxDepth", l.MaxDepth, 2, 64},
		{"Train", l.Train, 1, 1 << 24}, {"Dev", l.Dev, 1, 1 << 24}, {"Test", l.Test, 1, 1 << 24},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("datasets: ListOps.%s is %d, must be in %d..%d", f.name, f.value, f.min, f.max)
		}
	}
	if l.MaxLength-l.MinLength < 2 {
		return fmt.Errorf("datasets: ListOps.MinLength is %d, must be at most %d: both bounds are exclusive (MaxLength %d)",
			l.MinLength, l.MaxLength-2, l.MaxLength)
	}
	if longest := longestTree(l.MaxDepth); longest <= l.MinLength {
		return fmt.Errorf("datasets: ListOps.MinLength is %d, must be below %d, the longest tree of depth %d", l.MinLength, longest, l.MaxDepth)
	}
	if l.MaxLength <= 4 {
		return fmt.Errorf("datasets: ListOps.MaxLength is %d, must be at least 5: the shortest list has 4 tokens", l.MaxLength)
	}
	return nil
}

// longestTree is the length of a full tree, cut off where no bound can reach.
func longestTree(depth int) int {
	n := 1
	for range depth - 1 {
		if n = 2 + maxArguments*n; n > 1<<20 {
			break
		}
	}
	return n
}

// rootsPerChunk is the work handed to a goroutine at a time.
const rootsPerChunk = 8192

// fruitless bounds the roots drawn without a new tree: when a space of lengths is used up, generation must end.
const fruitless = 4 << 20

// trees draws the given number of distinct trees. Root i comes from its own stream (Seed, i), so the result does not
// depend on the number of goroutines.
func (l ListOps) trees(count int) ([]tree, error) {
	workers := max(1, runtime.GOMAXPROCS(0))
	found := make([]tree, 0, count)
	seen := make(map[string]struct{}, count)
	for next, barren := uint64(0), 0; len(found) < count; {
		chunks := make([][]tree, workers)
		var group sync.WaitGroup
		for w := range chunks {
			first := next + uint64(w*rootsPerChunk)
			group.Go(func() { chunks[w] = l.draw(first, rootsPerChunk) })
		}
		group.Wait()
		next += uint64(workers * rootsPerChunk)
		before := len(found)
		for _, t := range slices.Concat(chunks...) {
			if _, again := seen[string(t.tokens)]; again || len(found) == count {
				continue
			}
			seen[string(t.tokens)] = struct{}{}
			found = append(found, t)
		}
		if barren += workers * rootsPerChunk; len(found) > before {
			barren = 0
		}
		if barren > fruitless {
			return nil, fmt.Errorf("datasets: ListOps.Train+Dev+Test is %d, must be at most about %d: there are no more distinct trees with %d < length < %d",
				count, len(found), l.MinLength, l.MaxLength)
		}
	}
	return found, nil
}

// Generate draws the splits: the first Train trees, then Dev, then Test. No tree occurs twice.
func (l ListOps) Generate() (train, dev, test []Example, err error) {
	if err := l.Validate(); err != nil {
		return nil, nil, nil, err
	}
	trees, err := l.trees(l.Train + l.Dev + l.Test)
	if err != nil {
		return nil, nil, nil, err
	}
	examples := make([]Example, len(trees))
	for i, t := range trees {
		examples[i] = t.example()
		if l.InnerValues {
			examples[i].Inner = t.inner()
		}
	}
	cut := l.Train + l.Dev
	return examples[:l.Train:l.Train], examples[l.Train:cut:cut], examples[cut:], nil
}

// ListOpsVocabulary has the 15 types of the benchmark: digits, the four operators and X, which closes a list.
func ListOpsVocabulary() *Vocabulary {
	v, err := NewVocabulary(Exact, symbols[:])
	if err != nil {
		panic(err)
	}
	return v
}

func openListOps(name string, l ListOps, o Options) (*Dataset, error) {
	l.Seed, l.InnerValues = o.Seed, o.InnerValues
	l.MinLength, l.MaxLength, l.MaxDepth = cmp.Or(o.MinLength, l.MinLength), cmp.Or(o.MaxLength, l.MaxLength), cmp.Or(o.MaxDepth, l.MaxDepth)
	l.Train, l.Dev, l.Test = cmp.Or(o.Train, l.Train), cmp.Or(o.Dev, l.Dev), cmp.Or(o.Test, l.Test)
	d := &Dataset{Name: name, Classes: strings.Split("0123456789", ""), Vocabulary: ListOpsVocabulary()}
	var err error
	d.Train, d.Dev, d.Test, err = l.Generate()
	return d, err
}
