package fixedpoint_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"pgregory.net/rapid"
)

func TestSymmetricCoversTheRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(2, 16).Draw(t, "bits")
		x := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), 1, 50).Draw(t, "x")
		q, err := fixedpoint.Symmetric(bits, x)
		if err != nil {
			t.Fatal(err)
		}
		top := int16(1)<<(bits-1) - 1
		for i, code := range q.QuantiseAll(nil, x) {
			if code > top || code < -top {
				t.Fatalf("%v became %d, outside +-%d", x[i], code, top)
			}
			if e := math.Abs(float64(code)*float64(q.Scale) - float64(x[i])); e > 0.5001*float64(q.Scale) {
				t.Fatalf("%v became %d x %v: error %v is over half a step", x[i], code, q.Scale, e)
			}
		}
	})
}

func TestSymmetricEdges(t *testing.T) {
	for _, x := range [][]float32{nil, {0, 0}} {
		if q, err := fixedpoint.Symmetric(8, x); err != nil || q.Scale != 1 {
			t.Errorf("%v: %+v, %v", x, q, err)
		}
	}
	tiny := math.SmallestNonzeroFloat32
	q, err := fixedpoint.Symmetric(8, []float32{float32(tiny)})
	if err != nil || !(q.Scale > 0) {
		t.Fatalf("the smallest float32 gives scale %v, %v", q.Scale, err)
	}
	if got := q.Quantise(float32(tiny)); got != 1 {
		t.Errorf("it becomes %d", got)
	}
	for _, c := range []struct {
		bits int
		x    float32
		want string
	}{{1, 0, "bits is 1, must be in 2..16"}, {17, 0, "bits is 17"}, {8, float32(math.NaN()), "value 0 is NaN"}, {8, float32(math.Inf(-1)), "value 0 is -Inf"}} {
		if _, err := fixedpoint.Symmetric(c.bits, []float32{c.x}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestQuantiseClampsAndRoundsToEven(t *testing.T) {
	q := fixedpoint.Quantizer{Bits: 8, Scale: 0.5}
	for x, want := range map[float32]int16{0.25: 0, 0.75: 2, -0.25: 0, -0.75: -2, 63.4: 127, 1000: 127, -64: -128, -1000: -128} {
		if got := q.Quantise(x); got != want {
			t.Errorf("Quantise(%v) = %d, want %d", x, got, want)
		}
	}
}

// SPRINT's nibble split: the published check values, then the identity for every value and cut.
func TestSplit(t *testing.T) {
	for v, want := range map[int16][2]int16{100: {6, 4}, -1: {-1, 15}, -128: {-8, 0}, 127: {7, 15}} {
		if msb, lsb := fixedpoint.Split(v, 4); msb != want[0] || lsb != uint16(want[1]) {
			t.Errorf("Split(%d) = %d, %d, want %v", v, msb, lsb, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v, low := rapid.Int16().Draw(t, "v"), rapid.IntRange(0, 15).Draw(t, "low")
		msb, lsb := fixedpoint.Split(v, low)
		if int(msb)<<low+int(lsb) != int(v) || int(lsb) >= 1<<low {
			t.Fatalf("Split(%d, %d) = %d, %d", v, low, msb, lsb)
		}
	})
}

func ExampleSymmetric() {
	q, _ := fixedpoint.Symmetric(8, []float32{-2.54, 1, 0.02})
	fmt.Printf("step %.2f: %v\n", q.Scale, q.QuantiseAll(nil, []float32{-2.54, 1, 0.02}))
	// Output: step 0.02: [-127 50 1]
}
