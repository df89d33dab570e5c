package dram

import (
	"math"
	"strings"
	"testing"
)

// TestWear: a ring of K and V in ReRAM, rewritten 5 times; one line is written 3 times more.
func TestWear(t *testing.T) {
	s := ReRAM()
	w := NewWear(s)
	if _, n := w.Worst(); n != 0 || !math.IsInf(w.Lifetime(1e9, Stats{Cycles: 1}), 1) {
		t.Errorf("%d writes before any", n)
	}
	y, err := New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	y.Log(w.Record)
	at := int64(0)
	write := func(key int) {
		t.Helper()
		at += 50 // far enough apart not to be absorbed
		if _, err := y.Push(Request{Addr: uint64(64 * key), Kind: Write, At: at}); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		for key := range 40 {
			write(key)
		}
	}
	for range 3 {
		write(7)
	}
	st := y.Drain()
	l, n := w.Worst()
	m, err := ParseMapping(s)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := m.Address(l); err != nil || a != 64*7 || n != 8 || w.Cells() != 40 {
		t.Errorf("worst is %#x with %d writes of %d cells, must be %#x, 8, 40 (%v)", a, n, w.Cells(), 64*7, err)
	}
	want := 1e9 / 8 * float64(st.Cycles) / 400e6
	if got := w.Lifetime(1e9, st); math.Abs(got-want) > 1e-9*want {
		t.Errorf("%g s, must be %g", got, want)
	}
}

// TestReport: the report carries its units and the energy's source.
func TestReport(t *testing.T) {
	st, err := Run(HBM2(DRAMsim3), Reads(Sequential(8000, 64), 64, 64), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"HBM2 (DRAMsim3)", "rorabacobgch", "8000 reads", "GB/s", "% of the peak", "p99", "RD 8000", "pJ/bit (IDD values"} {
		if !strings.Contains(st.String(), w) {
			t.Errorf("the report lacks %q:\n%s", w, st)
		}
	}
}
