package sprint

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

// The presets' memory is the published part: 25.6 GB/s, rows of 2 KiB, half bursts at no loss of bandwidth.
func TestMemoryOfThePresets(t *testing.T) {
	whole, half := dram.ReRAM(), Memory()
	if err := half.Validate(); err != nil {
		t.Fatal(err)
	}
	if half.PeakBandwidth() != 25.6e9 || half.RowBytes() != whole.RowBytes() || half.Capacity() != whole.Capacity() {
		t.Errorf("%v B/s, rows of %v, %v in all; the part has %v B/s, %v, %v", half.PeakBandwidth(), half.RowBytes(), half.Capacity(),
			whole.PeakBandwidth(), whole.RowBytes(), whole.Capacity())
	}
	if half.AccessBytes != 32 || half.Energy.ReadBurst*2 != whole.Energy.ReadBurst {
		t.Errorf("%d bytes at %v, want 32 at half of %v", half.AccessBytes, half.Energy.ReadBurst, whole.Energy.ReadBurst)
	}
}

// Neighbours lie in different channels, the keys of a channel in turn in its banks; upper halves have rows of their own in the
// transposable banks, lower halves share rows with values in the others; no two parts share an address.
func TestPlacement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := S()
		s.Memory.Channels = 1 << rapid.IntRange(0, 3).Draw(t, "channels")
		s.TransposableBanks = rapid.IntRange(1, 3).Draw(t, "transposable")
		h := &attention.Head{Tokens: rapid.IntRange(1, 500).Draw(t, "tokens"), Dim: rapid.IntRange(1, 200).Draw(t, "dim"), Bits: 8}
		h.Valid = rapid.IntRange(1, h.Tokens).Draw(t, "valid")
		if err := s.stores(h); err != nil {
			t.Fatal(err)
		}
		p := s.place(h)
		m, err := dram.ParseMapping(s.Memory)
		if err != nil {
			t.Fatal(err)
		}
		used := map[uint64]bool{}
		locate := func(a uint64) dram.Location {
			if used[a] {
				t.Fatalf("address %#x is used twice", a)
			}
			used[a] = true
			l, err := m.Locate(a)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		rows := map[dram.Location]int{}
		for j := range h.Tokens {
			for i, a := range p.upper[j*p.half : (j+1)*p.half] {
				l := locate(a)
				if l.Channel != j%s.Memory.Channels || l.Bank != j/s.Memory.Channels%s.TransposableBanks {
					t.Fatalf("upper half of key %d in %+v", j, l)
				}
				if l.Column = 0; i == 0 {
					if rows[l]++; rows[l] > 1 {
						t.Fatalf("key %d shares the transposed row %+v", j, l)
					}
				}
			}
			for i, a := range p.lower[j*(p.half+p.whole) : (j+1)*(p.half+p.whole)] {
				l := locate(a)
				first, _ := m.Locate(p.lower[j*(p.half+p.whole)])
				if l.Channel != j%s.Memory.Channels || l.Bank < s.TransposableBanks || l.Row != first.Row || l.Column != first.Column+i {
					t.Fatalf("lower half and value of key %d in %+v, from %+v on", j, l, first)
				}
			}
		}
		bits := 0
		for _, a := range p.arrays {
			if l, _ := m.Locate(a.addr); l.Bank >= s.TransposableBanks {
				t.Fatalf("bank %d thresholds", l.Bank)
			}
			bits += a.reads * s.Memory.AccessBytes * 8
		}
		if bits < h.Valid || bits > h.Valid+8*s.Memory.AccessBytes*len(p.arrays) {
			t.Fatalf("%d bits are read for %d keys in %d arrays", bits, h.Valid, len(p.arrays))
		}
	})
}

// Pinning in rounds keeps the counts of even pinning, all over and over the valid keys, and leaves no channel with more than a
// round's worth over another.
func TestPinnedRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := S()
		h := &attention.Head{Tokens: rapid.IntRange(1, 2000).Draw(t, "tokens"), Dim: 64, Bits: 8}
		h.Valid = rapid.IntRange(1, h.Tokens).Draw(t, "valid")
		over := rapid.SampledFrom([]int{h.Tokens, h.Valid}).Draw(t, "over")
		capacity := rapid.IntRange(0, 2200).Draw(t, "capacity")
		even := s.pinned(h, capacity, over)
		s.MemoryBound = Banks
		rounds := s.pinned(h, capacity, over)
		inPrefix := func(set []uint64, n int) (c int) {
			for j := range n {
				c += ones(has(set, j))
			}
			return c
		}
		if a, b := inPrefix(even, h.Tokens), inPrefix(rounds, h.Tokens); a != b || a != min(capacity, over) {
			t.Fatalf("%d pinned evenly, %d in rounds", a, b)
		}
		if a, b := inPrefix(even, h.Valid), inPrefix(rounds, h.Valid); a != b {
			t.Fatalf("%d valid keys pinned evenly, %d in rounds", a, b)
		}
		streamed := make([]int, s.Memory.Channels)
		for j := range over {
			streamed[j%len(streamed)] += ones(!has(rounds, j))
		}
		for _, n := range streamed {
			if d := n - streamed[0]; d > s.round() || d < -s.round() {
				t.Fatalf("channels stream %v keys", streamed)
			}
		}
	})
}

// The latency of thresholding on the idle memory is that of the requests, where one bank of each channel thresholds; a second
// bank is asked one tCL later.
func TestThresholdingIsThatOfTheRequests(t *testing.T) {
	for _, banks := range []int{1, 2, 3} {
		s := S()
		s.TransposableBanks = banks
		h := &attention.Head{Tokens: 384, Valid: 384, Dim: 64, Bits: 8}
		var last int64
		memory, err := dram.New(s.main(), func(c dram.Completion) { last = max(last, c.Done) })
		if err != nil {
			t.Fatal(err)
		}
		p := s.place(h)
		for _, kind := range []dram.Kind{dram.Threshold, dram.ReadPruning} {
			for _, a := range p.arrays {
				if _, err := memory.Push(dram.Request{Addr: a.addr, Kind: kind}); err != nil {
					t.Fatal(err)
				}
			}
		}
		memory.Drain()
		// A clock to hand over, whole accesses of two clocks where the closed form counts one for 12 bytes.
		if got, want := unit.Cycles(last), s.thresholding(384)+unit.Cycles(1+1+6*(banks-1)); got != want {
			t.Errorf("%d banks: the vector is there after %d clocks, want %d", banks, got, want)
		}
	}
	if s := S(); s.thresholding(384) != 6+8+6+1 {
		t.Errorf("closed form: %d clocks", s.thresholding(384))
	}
	s := S()
	s.TAxThClock = unit.GHz // 8 ns are 3.2 cycles of 400 MHz
	if got := s.thresholding(1); got != 6+4+6+1 {
		t.Errorf("at the machine's clock: %d clocks, want 17", got)
	}
}

// A memory with channels to spare is a hidden one, but for the first data; one with a single channel is bound by its bandwidth,
// or by its rows, and comes near either.
func TestBanksBetweenHiddenAndBandwidth(t *testing.T) {
	h := &attention.Head{Tokens: 400, Valid: 300, Dim: 64, Bits: 8}
	r := rand.New(rand.NewPCG(3, 4))
	w := Workload{Head: h, Mask: attention.NewMask(400, 400)}
	for q := range h.Valid {
		for j := range h.Valid {
			if r.Float64() < 0.4 {
				w.Mask.Keep(q, j)
			}
		}
	}
	total := func(mode Mode, bound MemoryBound, channels int) float64 {
		s := S().In(mode)
		s.MemoryBound, s.Memory.Channels = bound, channels
		r, err := s.Simulate(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		return float64(r.Cycles.Total())
	}
	for _, mode := range []Mode{Baseline, MaskOnly, Pruning, SPRINT} {
		before := 0.0
		for _, channels := range []int{32, 8, 4, 2, 1} {
			banks, hidden, bound := total(mode, Banks, channels), total(mode, Hidden, channels), total(mode, Bandwidth, channels)
			if banks < 0.999*bound || banks < before {
				t.Errorf("%v, %d channels: %.0f cycles with banks, %.0f at the peak bandwidth, %.0f with more channels", mode, channels, banks, bound, before)
			}
			if channels == 32 && banks > 1.02*hidden {
				t.Errorf("%v, 32 channels: %.0f cycles, %.0f hidden", mode, banks, hidden)
			}
			if channels == 1 && mode == Pruning {
				// It streams keys without values, and each opens a row of its own in one of two banks: tRCD + tRTP + tRP.
				rows := 300 * (400 - 128) / 2 * (10 + 3 + 1) * 2.5
				if banks < rows || banks > 1.1*rows {
					t.Errorf("%v, one channel: %.0f cycles, its rows take %.0f", mode, banks, rows)
				}
			} else if channels == 1 && banks > 1.1*bound {
				t.Errorf("%v, one channel: %.0f cycles, %.0f at its bandwidth", mode, banks, bound)
			}
			before = banks
		}
	}
}
