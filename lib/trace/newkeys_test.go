package trace_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/trace"
	"pgregory.net/rapid"
)

func randomMask(r *rand.Rand, queries, keys int, kept float64) *attention.Mask {
	m := attention.NewMask(queries, keys)
	for t := range queries {
		for j := range keys {
			if r.Float64() < kept {
				m.Keep(t, j)
			}
		}
	}
	return m
}

// naive is the same count with a plain list, oldest first.
func naive(m *attention.Mask, capacity int, order trace.Service) []int {
	var list []int32
	loads := make([]int, m.Queries())
	for t := range loads {
		serve := m.KeptKeys(t, nil)
		if order == trace.HitsFirst {
			var hits, misses []int32
			for _, j := range serve {
				if slices.Contains(list, j) {
					hits = append(hits, j)
				} else {
					misses = append(misses, j)
				}
			}
			serve = append(hits, misses...)
		}
		for _, j := range serve {
			if i := slices.Index(list, j); i >= 0 {
				list = slices.Delete(list, i, i+1)
			} else {
				loads[t]++
				if len(list) == capacity {
					list = slices.Delete(list, 0, 1)
				}
			}
			list = append(list, j)
		}
	}
	return loads
}

func TestNewKeysFollowsTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		m := randomMask(r, rapid.IntRange(1, 30).Draw(t, "queries"), rapid.IntRange(1, 90).Draw(t, "keys"), rapid.Float64Range(0, 1).Draw(t, "kept"))
		capacity := rapid.IntRange(1, 100).Draw(t, "capacity")
		order := trace.Service(rapid.IntRange(0, 1).Draw(t, "order"))
		if got, want := trace.NewKeys(m, capacity, order), naive(m, capacity, order); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		// Requests and locality split each row.
		requests, locality := trace.Requests(m)
		for q, n := range requests {
			if n+locality[q] != m.CountRow(q) {
				t.Fatalf("row %d splits %d keys into %d and %d", q, m.CountRow(q), n, locality[q])
			}
		}
	})
}

// A bigger buffer never loads more when residency is least recently used in a fixed order of use.
func TestNewKeysFallsWithCapacity(t *testing.T) {
	m := randomMask(rand.New(rand.NewPCG(5, 0)), 60, 100, 0.3)
	last := 1 << 30
	for capacity := 1; capacity <= 100; capacity++ {
		n := 0
		for _, x := range trace.NewKeys(m, capacity, trace.Ascending) {
			n += x
		}
		if n > last {
			t.Errorf("%d resident keys load %d, one fewer %d", capacity, n, last)
		}
		last = n
	}
	if last != 100 {
		t.Errorf("with room for all, %d loads of 100 keys", last)
	}
}

func BenchmarkNewKeys(b *testing.B) {
	m := randomMask(rand.New(rand.NewPCG(5, 0)), 2048, 2048, 0.25)
	loads := 0
	for b.Loop() {
		loads = 0
		for _, n := range trace.NewKeys(m, 128, trace.HitsFirst) {
			loads += n
		}
	}
	b.ReportMetric(float64(loads)/2048, "loads/query")
}
