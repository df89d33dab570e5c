package pruning_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
	"pgregory.net/rapid"
)

// The six worked keys of the reference sheet, cycle by cycle.
func TestBitSerialWorkedKeys(t *testing.T) {
	long := []pruning.Bound{{0, 11253}, {768, 2805}, {768, 693}, {960, 165}, {996, 33}, {1000, 0}}
	for i, c := range []struct {
		q, k      []int16
		threshold int64
		bounds    []pruning.Bound
		kept      bool
	}{
		{[]int16{3, -2, 5, 1}, []int16{100, 200, -300, 50}, 1000, []pruning.Bound{{0, 4092}, {-1280, 1020}}, false},
		{[]int16{40, -30, 20, 10}, []int16{1500, -900, 300, -7}, 120000, []pruning.Bound{{40960, 92070}, {79360, 22950}}, false},
		{[]int16{3, -2, 5, 1}, []int16{900, -50, 700, 10}, 1000,
			[]pruning.Bound{{0, 11253}, {4864, 2805}, {5888, 693}, {6224, 165}, {6304, 33}, {6310, 0}}, true},
		{[]int16{3, -2, 5, 1}, []int16{300, -50, 0, 0}, 1000, long, true},
		{[]int16{3, -2, 5, 1}, []int16{300, -50, 0, 0}, 1001, long, false},
		{[]int16{7, 7, 7, 7}, []int16{-1, -1, -1, -1}, 0,
			[]pruning.Bound{{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {-28, 0}}, false},
	} {
		var got []pruning.Bound
		out := pruning.LeOPArdBitSerial().Decide(c.q, c.k, c.threshold, func(b pruning.Bound) { got = append(got, b) })
		if !slices.Equal(got, c.bounds) || out.Kept != c.kept || out.Cycles != len(c.bounds) {
			t.Errorf("key %d: %+v after %v, want kept %v after %v", i+1, out, got, c.kept, c.bounds)
		}
	}
}

// The bound never rises, never falls below the exact score, and the decision is the exact comparison.
func TestBitSerialIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := pruning.BitSerial{KeyBits: rapid.IntRange(2, 14).Draw(t, "W")}
		b.BitsPerCycle = rapid.IntRange(1, b.KeyBits).Draw(t, "bits per cycle")
		if err := b.Validate(); err != nil {
			t.Fatal(err)
		}
		d := rapid.IntRange(1, 64).Draw(t, "d")
		top := int16(1)<<(b.KeyBits-1) - 1
		q := rapid.SliceOfN(rapid.Int16Range(-2048, 2047), d, d).Draw(t, "q")
		k := rapid.SliceOfN(rapid.Int16Range(-top, top), d, d).Draw(t, "k")
		exact := int64(attention.Dot(q, k))
		threshold := exact + int64(rapid.IntRange(-5000, 5000).Draw(t, "distance"))
		last := int64(1) << 60
		out := b.Decide(q, k, threshold, func(at pruning.Bound) {
			if upper := at.Score + at.Margin; upper > last || upper < exact {
				t.Fatalf("bound %d after %d, exact score %d", upper, last, exact)
			} else {
				last = upper
			}
		})
		if out.Kept != (exact >= threshold) {
			t.Fatalf("kept is %v, score %d, threshold %d", out.Kept, exact, threshold)
		}
		if out.Cycles < 1 || out.Cycles > b.Cycles() || out.Kept && out.Cycles != b.Cycles() {
			t.Fatalf("%d of %d cycles, kept %v", out.Cycles, b.Cycles(), out.Kept)
		}
	})
}

func TestBitSerialValidate(t *testing.T) {
	for _, b := range []pruning.BitSerial{{}, {KeyBits: 17, BitsPerCycle: 1}, {KeyBits: 12}, {KeyBits: 4, BitsPerCycle: 5}} {
		if b.Validate() == nil {
			t.Errorf("%+v passes", b)
		}
	}
	if n := pruning.LeOPArdBitSerial().Cycles(); n != 6 {
		t.Errorf("12 bits take %d cycles, want 6", n)
	}
}

func ExampleBitSerial_Decide() {
	out := pruning.LeOPArdBitSerial().Decide([]int16{3, -2, 5, 1}, []int16{100, 200, -300, 50}, 1000, nil)
	fmt.Printf("kept %v after %d of 6 cycles\n", out.Kept, out.Cycles)
	// Output: kept false after 2 of 6 cycles
}
