package spatten

import "fmt"

// The four GPT-2 workloads that the authors ship with their design (mit-han-lab/spatten,
// spatten_hardware/hardware/workloads). Their rules regenerate the files row by row. All have 32 iterations after a
// prompt of 992 tokens.

const (
	promptTokens    = 992 // section V-A
	generatedTokens = 32  // section V-A
)

// pass describes the rows of one iteration of a shipped file.
type pass struct {
	heads      func(layer int) int
	layers     int
	keys       func(iteration, layer int) int
	values     func(iteration, layer, keys int) int
	row        Row // bits and thresholds
	lsb        func(iteration, layer, head int) bool
	accumulate func(iteration, layer int) bool
	rank       func(iteration, layer, head int) (keep int, rescale bool)
}

func (p pass) workload(name string) Workload {
	w := Workload{Name: name, Stage: Generation, Seed: 1}
	for it := range generatedTokens {
		for l := range p.layers {
			for h := range p.heads(l) {
				r := p.row
				r.Iteration, r.Layer, r.Head, r.Dim, r.Length, r.Queries, r.Keep = it, l, h, 64, promptTokens+1+it, 1, Float
				r.Keys = r.Length
				if p.keys != nil {
					r.Keys = p.keys(it, l)
				}
				r.Values = r.Keys
				if p.values != nil {
					r.Values = p.values(it, l, r.Keys)
				}
				r.LSB = p.lsb != nil && p.lsb(it, l, h)
				r.Accumulate = p.accumulate != nil && p.accumulate(it, l)
				if p.rank != nil {
					if keep, rescale := p.rank(it, l, h); keep > 0 || rescale {
						r.Rescale = rescale
						if keep > 0 {
							r.Rank, r.Keep = true, keep
						}
					}
				}
				w.Rows = append(w.Rows, r)
			}
		}
	}
	return w
}

func all(n int) func(int) int { return func(int) int { return n } }

// steps is a value that changes at the given layers: from, value, from, value, ...
func steps(pairs ...int) func(layer int) int {
	return func(layer int) (v int) {
		for i := 0; i < len(pairs) && pairs[i] <= layer; i += 2 {
			v = pairs[i+1]
		}
		return v
	}
}

// AuthorsSmall is GPT-2-Small on WikiText-2, pruned and progressively quantised (6+4 bits).
func AuthorsSmall() Workload {
	keys := steps(0, 921, 1, 716, 2, 204, 6, 102)
	return pass{
		heads: all(12), layers: 12,
		keys: func(it, l int) int {
			if it == 0 {
				return promptTokens + 1
			}
			return keys(l)
		},
		values: func(it, _, k int) int {
			if it == 0 {
				return 204
			}
			return k / 5
		},
		row:        Row{KeyBits: 6, QueryBits: 16, ValueBits: 6, Threshold: 0.05, LSBBits: 4},
		lsb:        authorsLSB,
		accumulate: func(it, l int) bool { return it < 31 || l < 6 },
		rank: func(it, l, h int) (int, bool) {
			if h != 11 {
				return 0, false
			}
			if it >= 1 {
				if keep := map[int]int{0: 716, 1: 204, 5: 102}[l]; keep > 0 {
					return keep, false
				}
			}
			if it <= 30 && l == 11 {
				return 921, true
			}
			return 0, false
		},
	}.workload("gpt2-small-wikitext2 pruned")
}

// authorsLSB lists the rows of AuthorsSmall that needed the low bits; counts went to the lowest heads.
func authorsLSB(it, l, h int) bool {
	switch {
	case it == 0:
		switch l {
		case 0, 1, 2:
			return true
		case 8:
			return h < 3
		case 11:
			return h < 5
		}
		return h < 1
	case it <= 9:
		return l <= 1
	case it == 10:
		return l == 0 && h < 4 || l == 1
	case it <= 13:
		return l == 1
	case it == 14:
		return l == 1 && h < 4
	}
	return false
}

// AuthorsMedium is GPT-2-Medium on WikiText-2 with tokens and heads pruned, 12-bit keys and 8-bit values.
func AuthorsMedium() Workload {
	keys := steps(0, 0, 2, 921, 3, 819, 5, 614, 11, 307)
	return pass{
		heads: steps(0, 16, 16, 13, 22, 10), layers: 24,
		keys: func(it, l int) int {
			if it == 0 || l < 2 {
				return promptTokens + 1 + it
			}
			return keys(l)
		},
		values: func(it, l, k int) int {
			if it == 0 || l < 2 {
				return 307
			}
			return k * 3 / 10
		},
		row:        Row{KeyBits: 12, QueryBits: 16, ValueBits: 8, Threshold: Float, LSBBits: Float},
		accumulate: func(it, l int) bool { return it < 31 || l < 11 },
		rank: func(it, l, h int) (int, bool) {
			if it < 1 || h != 15 {
				return 0, false
			}
			return map[int]int{1: 921, 2: 819, 4: 614, 10: 307}[l], false
		},
	}.workload("gpt2-medium-wikitext2 pruned")
}

// AuthorsSmallDense is GPT-2-Small on WikiText-2 without pruning, in FP32.
func AuthorsSmallDense() Workload {
	return pass{heads: all(12), layers: 12, row: unquantised()}.workload("gpt2-small-wikitext2 dense")
}

// AuthorsMediumDense is GPT-2-Medium on Penn Treebank without pruning, in FP32.
func AuthorsMediumDense() Workload {
	return pass{
		heads: all(16), layers: 24, row: unquantised(),
		accumulate: func(it, _ int) bool { return it < 31 },
		rank:       func(it, l, h int) (int, bool) { return 0, l == 23 && h == 15 && it >= 7 && it <= 30 },
	}.workload("gpt2-medium-ptb dense")
}

func unquantised() Row {
	return Row{KeyBits: Float, QueryBits: Float, ValueBits: Float, Threshold: Float, LSBBits: Float}
}

// Authors are all four.
func Authors() []Workload {
	return []Workload{AuthorsSmall(), AuthorsSmallDense(), AuthorsMedium(), AuthorsMediumDense()}
}

// Only keeps the rows of some iterations.
func (w Workload) Only(iterations ...int) (Workload, error) {
	keep := map[int]bool{}
	for _, i := range iterations {
		keep[i] = true
	}
	var rows []Row
	for _, r := range w.Rows {
		if keep[r.Iteration] {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return Workload{}, fmt.Errorf("spatten: iterations %v of %s: no rows, must be among its own", iterations, w.Name)
	}
	w.Rows = rows
	return w, nil
}
