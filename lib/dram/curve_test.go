package dram

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"
)

// bandwidth of n random or streamed reads, in bytes per second.
func bandwidth(t *testing.T, s Spec, a Addresses) float64 {
	t.Helper()
	st, err := Run(s, Reads(a, 64, s.AccessBytes), nil)
	if err != nil {
		t.Fatal(err)
	}
	return st.Bandwidth()
}

// TestPeakWithoutRefresh: a stream reaches the peak within 0.1 % when nothing is refreshed.
func TestPeakWithoutRefresh(t *testing.T) {
	for _, r := range []Reading{DRAMsim3, Ramulator} {
		s := HBM2(r)
		s.Controller.Refresh = NoRefresh
		if got := bandwidth(t, s, Sequential(400_000, 64)) / s.PeakBandwidth(); got < 0.999 || got > 1 {
			t.Errorf("%s: %.5f of the peak", s.Name, got)
		}
	}
}

// TestActivationWindow: random bandwidth falls as tFAW grows, does not care below 4 x tRRD, and comes near one row per
// tFAW/4 where the window binds.
func TestActivationWindow(t *testing.T) {
	s := HBM2(DRAMsim3)
	s.Controller.Refresh = NoRefresh
	last := 0.0
	for i, faw := range []int{16, 20, 30, 45, 60, 80} {
		s.Timing.TFAW = faw
		got := bandwidth(t, s, Random(60_000, 1, 1<<30, 64))
		if i > 0 && got > last*1.001 {
			t.Errorf("tFAW %d: %.3g B/s, more than %.3g with a shorter window", faw, got, last)
		}
		bound := float64(s.Channels*64*4) / float64(faw) * float64(s.Clock)
		if got > bound || faw >= 30 && got < 0.95*bound {
			t.Errorf("tFAW %d: %.3g B/s, bound %.3g", faw, got, bound)
		}
		last = got
	}
	s.Timing.TFAW = 16
	a := bandwidth(t, s, Random(60_000, 1, 1<<30, 64))
	s.Timing.TFAW = 4
	if b := bandwidth(t, s, Random(60_000, 1, 1<<30, 64)); a != b {
		t.Errorf("a window of 4 x tRRD or less changes %.6g to %.6g B/s", a, b)
	}
}

// TestInjectionWidth: one 64-byte request a clock is 64 GB/s at most; more width never hurts a stream.
func TestInjectionWidth(t *testing.T) {
	s := HBM2(DRAMsim3)
	last := 0.0
	for _, w := range []int{1, 2, 4, 8, 64} {
		s.FrontEnd = FrontEnd{Width: w}
		got := bandwidth(t, s, Sequential(50_000, 64))
		if bound := float64(64*w) * float64(s.Clock); got > bound || got < 0.9*min(bound, 230e9) {
			t.Errorf("width %d: %.4g B/s, bound %.4g", w, got, bound)
		}
		if got < last {
			t.Errorf("width %d: %.4g B/s, less than %.4g", w, got, last)
		}
		last = got
	}
}

// TestQueueDepth: a deeper read buffer serves random reads faster, towards the bound of the row bus: three slots per
// activation (dram.md section 4.4).
func TestQueueDepth(t *testing.T) {
	s := HBM2(Ramulator)
	s.Controller.Refresh = NoRefresh
	last := 0.0
	for _, depth := range []int{8, 32, 64, 256} {
		s.Controller.ReadQueue = depth
		got := bandwidth(t, s, Random(40_000, 1, 1<<30, 64))
		if bound := float64(s.Channels*64) / 3 * float64(s.Clock); got < last || got > bound {
			t.Errorf("depth %d: %.4g B/s, %.4g with less, bound %.4g", depth, got, last, bound)
		}
		last = got
	}
}

// TestMemoryIsBounded: a hundred times the requests need no more memory. With WORKBENCH_LONG=1 it plays 1e8.
func TestMemoryIsBounded(t *testing.T) {
	n := 2_000_000
	if os.Getenv("WORKBENCH_LONG") != "" {
		n = 100_000_000
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	y, err := New(HBM2(DRAMsim3), nil)
	if err != nil {
		t.Fatal(err)
	}
	var early uint64
	i := 0
	for a := range Random(n, 1, 1<<30, 64) {
		if _, err := y.Push(Request{Addr: a}); err != nil {
			t.Fatal(err)
		}
		if i++; i == n/100 {
			early = heap()
		}
	}
	st := y.Drain()
	if err := st.Verify(); err != nil {
		t.Error(err)
	}
	if late := heap(); late > early+1<<20 || late > 200<<20 {
		t.Errorf("%d bytes of heap after %d requests, %d after %d", early, n/100, late, n)
	} else {
		t.Logf("%d requests: %d bytes of heap, %d from the system", n, late, sys())
	}
}

func sys() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}

// TestLogRoundTrip writes the commands of a run to a file's text, reads them back and checks them.
func TestLogRoundTrip(t *testing.T) {
	s := HBM2(Ramulator)
	y, err := New(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	w := NewLogWriter(&text)
	var direct []Command
	y.Log(func(c Command) { w.Record(c); direct = append(direct, c) })
	for r := range Reads(Random(3000, 1, 1<<28, 64), 64, 32) {
		if _, err := y.Push(r); err != nil {
			t.Fatal(err)
		}
	}
	y.Drain()
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	k, err := NewChecker(s)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for c, err := range ReadLog(&text) {
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(direct) || c != direct[i] {
			t.Fatalf("command %d is read as %v", i, c)
		}
		if err := k.Observe(c); err != nil {
			t.Error(err)
		}
		i++
	}
	if i != len(direct) || i == 0 {
		t.Errorf("%d of %d commands read", i, len(direct))
	}
}

func TestBadLogLines(t *testing.T) {
	for text, want := range map[string]string{
		"5 ACT 0 0 0 0 0 -1\n5 ACT 0":    "line 2: has 3 fields",
		"\n5 JUMP 0 0 0 0 0 0":           `line 2: command is "JUMP"`,
		"x ACT 0 0 0 0 0 0":              `line 1: clock is "x"`,
		"-5 ACT 0 0 0 0 0 0":             `line 1: clock is "-5"`,
		"5 ACT 0 0 0 -2 0 0":             `line 1: field 6 is "-2"`,
		"5 ACT 0 0 0 1e3 0 0":            `line 1: field 6 is "1e3"`,
		"5 ACT 0 0 0 0 0 0 0":            "line 1: has 9 fields",
		strings.Repeat("1 ", 1<<16) + "": "too long",
	} {
		var err error
		for _, e := range ReadLog(strings.NewReader(text)) {
			err = e
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: error is %v, must name %q", text, err, want)
		}
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add("5 ACT 0 0 0 0 0 -1\n19 RD 0 0 0 0 0 3\n")
	f.Add("7 REF 1 0 -1 -1 -1 -1")
	f.Add("9 READP 3 0 0 3 -1 0\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		w := NewLogWriter(&b)
		k, err := NewChecker(HBM2(DRAMsim3))
		if err != nil {
			t.Fatal(err)
		}
		var all []Command
		for c, err := range ReadLog(strings.NewReader(text)) {
			if err != nil {
				break
			}
			k.Observe(c) // must not panic on any log
			w.Record(c)
			all = append(all, c)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		i := 0
		for c, err := range ReadLog(&b) {
			if err != nil || c != all[i] {
				t.Fatalf("wrote %v, read %v, %v", all[i], c, err)
			}
			i++
		}
	})
}
