package reram_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/reram"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

func controller(t testing.TB, keyBytes unit.Bytes) (*reram.Controller, *[]reram.Issued) {
	t.Helper()
	c, err := reram.NewController(reram.RRAMISSCC2012(), reram.SPRINTLayout(), keyBytes)
	if err != nil {
		t.Fatal(err)
	}
	var log []reram.Issued
	c.OnCommand = func(i reram.Issued) { log = append(log, i) }
	return c, &log
}

// One key on idle banks: activate, tRCD, read, tCAS, half a burst; the lower half tRRDR later.
func TestOneKeyTakesTheTimingOfItsRows(t *testing.T) {
	c, log := controller(t, 64)
	if got, want := c.ReadKey(100, 0), unit.Cycles(100+4+10+6+2); got != want {
		t.Errorf("the key arrives at %d, want %d", got, want)
	}
	want := []reram.Issued{{At: 100, Command: reram.ACT, Channel: 0, Bank: 0, Row: 0}, {At: 110, Command: reram.RD, Channel: 0, Bank: 0, Row: 0},
		{At: 104, Command: reram.ACT, Channel: 0, Bank: 2, Row: 0}, {At: 114, Command: reram.RD, Channel: 0, Bank: 2, Row: 0}}
	if !slices.Equal(*log, want) {
		t.Errorf("commands %v, want %v", *log, want)
	}
	// The value shares the open row of the lower half: tCCD after it, data behind its data.
	if got, want := c.ReadValue(100, 0), unit.Cycles(122+4); got != want {
		t.Errorf("the value arrives at %d, want %d", got, want)
	}
	// Channel 1 is idle and knows nothing of channel 0.
	if got, want := c.ReadKey(0, 1), unit.Cycles(22); got != want {
		t.Errorf("the next key, on the next channel, arrives at %d, want %d", got, want)
	}
}

// A read follows the data of a write by tWTR, also in another bank.
func TestReadAfterWrite(t *testing.T) {
	c, log := controller(t, 64)
	end := c.Write(0, 0) // the lower half and value last: ACT at 4, column at 14, data from 18 for 96 bytes
	if end != 24 {
		t.Errorf("the write's data end at %d, want 24", end)
	}
	*log = (*log)[:0]
	c.ReadKey(0, 4) // the other transposable bank of channel 0
	if rd := (*log)[1]; rd.Command != reram.RD || rd.At != end+3 {
		t.Errorf("%+v follows the write, want RD at %d", rd, end+3)
	}
}

// CopyQ obeys tCL, the array takes tAxTh, ReadP is timed as a read (reference sheet of SPRINT, 3.4).
func TestThresholdSequence(t *testing.T) {
	c, log := controller(t, 64)
	// 384 keys: 96 bits of each of four channels, 12 bytes, one clock of a 64-bit bus at double rate.
	if got, want := c.Threshold(0, 384), unit.Cycles(6+8+6+1); got != want {
		t.Errorf("the pruning vector arrives at %d, want %d", got, want)
	}
	var copied, read int
	for _, i := range *log {
		switch i.Command {
		case reram.CopyQ:
			copied++
			if i.At != 0 {
				t.Errorf("CopyQ at %d", i.At)
			}
		case reram.ReadP:
			read++
			if i.At != 14 {
				t.Errorf("ReadP at %d, want tCL + tAxTh = 14", i.At)
			}
		}
	}
	if copied != 4 || read != 4 {
		t.Errorf("%d CopyQ and %d ReadP on four channels", copied, read)
	}
	// The transposable banks were busy until ReadP; a key may be activated from then on.
	*log = (*log)[:0]
	c.ReadKey(0, 0)
	if a := (*log)[0]; a.Command != reram.ACT || a.At != 14 {
		t.Errorf("the first activate after thresholding is %+v, want at 14", a)
	}
}

// A thresholding clock of its own is rounded up to the memory's.
func TestThresholdingClock(t *testing.T) {
	timing := reram.RRAMISSCC2012()
	timing.TAxThClock = unit.GHz // 8 ns are 3.2 cycles of 400 MHz
	c, err := reram.NewController(timing, reram.SPRINTLayout(), 64)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Threshold(0, 1), unit.Cycles(6+4+6+1); got != want {
		t.Errorf("arrives at %d, want %d", got, want)
	}
}

// No pair of commands comes closer than its timing allows, whatever is asked.
func TestCommandsKeepTheirDistances(t *testing.T) {
	tm := reram.RRAMISSCC2012()
	rapid.Check(t, func(t *rapid.T) {
		c, err := reram.NewController(tm, reram.SPRINTLayout(), 64)
		if err != nil {
			t.Fatal(err)
		}
		var log []reram.Issued
		c.OnCommand = func(i reram.Issued) { log = append(log, i) }
		at := unit.Cycles(0)
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			at += unit.Cycles(rapid.IntRange(0, 20).Draw(t, "gap"))
			j := rapid.IntRange(0, 63).Draw(t, "key")
			var done unit.Cycles
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				done = c.ReadKey(at, j)
			case 1:
				done = c.ReadValue(at, j)
			case 2:
				done = c.Write(at, j)
			case 3:
				done = c.Threshold(at, 64)
			}
			if done <= at {
				t.Fatalf("asked at %d, done at %d", at, done)
			}
		}
		check(t, tm, log)
	})
}

type place struct{ channel, bank int }

func check(t *rapid.T, tm reram.Timing, log []reram.Issued) {
	lastACT, column := map[int]unit.Cycles{}, map[int]unit.Cycles{}
	act, use, pre, row := map[place]unit.Cycles{}, map[place]reram.Issued{}, map[place]unit.Cycles{}, map[place]int{}
	apart := func(what string, later, earlier unit.Cycles, known bool, least unit.Cycles) {
		if known && later-earlier < least {
			t.Fatalf("%s: %d cycles apart, want %d", what, later-earlier, least)
		}
	}
	for _, i := range log {
		p := place{i.Channel, i.Bank}
		switch i.Command {
		case reram.ACT:
			v, ok := lastACT[i.Channel]
			apart("tRRDR", i.At, v, ok, tm.TRRDR)
			v, ok = pre[p]
			apart("tRP", i.At, v, ok, tm.TRP)
			lastACT[i.Channel], act[p], row[p] = i.At, i.At, i.Row
		case reram.PRE:
			v, ok := use[p]
			if ok && v.Command == reram.WR {
				apart("tWP", i.At, v.At+tm.TCWD, true, tm.TWP)
			}
			pre[p] = i.At
		case reram.RD, reram.WR:
			if r, ok := row[p]; !ok || r != i.Row {
				t.Fatalf("%+v finds row %d open", i, r)
			}
			apart("tRCD", i.At, act[p], true, tm.TRCD)
			v, ok := column[i.Channel]
			apart("tCCD", i.At, v, ok, tm.TCCD)
			column[i.Channel], use[p] = i.At, i
		case reram.ReadP:
			v, ok := column[i.Channel]
			apart("tCCD", i.At, v, ok, tm.TCCD)
			column[i.Channel] = i.At
		}
	}
}

// A long stream of keys and values comes near the peak of the buses, and never above it.
func TestStreamsReachTheBandwidth(t *testing.T) {
	c, _ := controller(t, 64)
	var done unit.Cycles
	const keys = 4000
	for j := range keys {
		done = max(done, c.ReadKey(0, j), c.ReadValue(0, j))
	}
	peak := unit.Cycles(keys * 128 / (4 * 16)) // four channels of 16 bytes a clock
	if done < peak || float64(done) > 1.15*float64(peak) {
		t.Errorf("%d keys took %d cycles, the buses alone need %d", keys, done, peak)
	}
	if b := 4 * reram.RRAMISSCC2012().Bandwidth(); b != 25.6e9 {
		t.Errorf("four channels carry %v B/s, want 25.6 GB/s", b)
	}
	if n := reram.RRAMISSCC2012().BurstBytes(); n != 64 {
		t.Errorf("a burst carries %v, want 64 B", n)
	}
}

// Equal states have equal futures.
func TestStateDecidesTheFuture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _ := reram.NewController(reram.RRAMISSCC2012(), reram.SPRINTLayout(), 64)
		ask := func(c *reram.Controller, at unit.Cycles, j int) unit.Cycles {
			return max(c.Threshold(at, 64), c.ReadKey(at, j), c.ReadValue(at, j))
		}
		keys := rapid.SliceOfN(rapid.IntRange(0, 63), 1, 20).Draw(t, "keys")
		// The same requests again and again: some state repeats.
		type run struct{ at, done unit.Cycles }
		seen := map[string]int{}
		var runs []run
		at := unit.Cycles(0)
		for range 40 {
			var key strings.Builder
			for _, v := range a.AppendState(nil, at) {
				key.WriteString(unit.Cycles(v).String())
				key.WriteByte(' ')
			}
			done := at
			for _, j := range keys {
				done = max(done, ask(a, at, j))
			}
			if i, ok := seen[key.String()]; ok && runs[i].done-runs[i].at != done-at {
				t.Fatalf("equal states took %d and %d cycles", runs[i].done-runs[i].at, done-at)
			}
			seen[key.String()] = len(runs)
			runs = append(runs, run{at, done})
			at = done + 3
		}
	})
}

func TestControllerNamesTheField(t *testing.T) {
	for _, c := range []struct {
		want  string
		spoil func(*reram.Timing, *reram.Layout)
	}{
		{"Timing.Clock is 0 Hz", func(t *reram.Timing, _ *reram.Layout) { t.Clock = 0 }},
		{"Timing.TRCD is -1, must be at least 0", func(t *reram.Timing, _ *reram.Layout) { t.TRCD = -1 }},
		{"Timing.Bus is 12 bits", func(t *reram.Timing, _ *reram.Layout) { t.Bus = 12 }},
		{"Timing.TBURST is 0", func(t *reram.Timing, _ *reram.Layout) { t.TBURST = 0 }},
		{"Layout.Channels is 0, must be at least 1", func(_ *reram.Timing, l *reram.Layout) { l.Channels = 0 }},
		{"Layout.Banks is 1, must be at least 2", func(_ *reram.Timing, l *reram.Layout) { l.Banks = 1 }},
		{"Layout.TransposableBanks is 4, must be in 1..3", func(_ *reram.Timing, l *reram.Layout) { l.TransposableBanks = 4 }},
		{"Layout.RowBytes is 0", func(_ *reram.Timing, l *reram.Layout) { l.RowBytes = 0 }},
	} {
		timing, layout := reram.RRAMISSCC2012(), reram.SPRINTLayout()
		c.spoil(&timing, &layout)
		if _, err := reram.NewController(timing, layout, 64); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	if _, err := reram.NewController(reram.RRAMISSCC2012(), reram.SPRINTLayout(), 0); err == nil {
		t.Error("a key of no bytes was taken")
	}
}
