package training

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// The values that a query reads are those of its largest probabilities among the tokens alive, one at least and as many as
// pruning.Keep says, but for a key or so where the search stops early.
func TestCascadeReadsTheLargestProbabilities(t *testing.T) {
	b, err := transformer.OpenBackend("")
	if err != nil {
		t.Fatal(err)
	}
	const batch, heads, n = 8, 3, 40
	r := rand.New(rand.NewPCG(1, 0xca5))
	alive, press, p := make([]float32, batch*n), make([]float32, batch), make([]float32, batch*heads*n*n)
	for e := range batch {
		press[e] = float32(e%4+1) / 4
		for k := range n {
			alive[e*n+k] = 1
			if k > 0 && r.IntN(3) == 0 || e == 0 && k > 0 { // of the first example one token is left
				alive[e*n+k] = 0
			}
		}
		for h := range heads {
			for q := range n {
				sum, row := 0.0, make([]float64, n)
				for k := range row {
					row[k] = math.Exp(float64(1+2*h)*r.NormFloat64()) * float64(alive[e*n+k])
					sum += row[k]
				}
				for k := range row {
					p[((e*heads+h)*n+q)*n+k] = float32(row[k] / sum)
				}
			}
		}
	}
	const share = 0.3
	out, err := graph.CallOnce(b, func(tokens, press, p *graph.Node) *graph.Node {
		s := cascadeState{tokens: tokens, press: press}
		return graph.ConvertDType(s.read(p, share), p.DType())
	}, tensors.FromFlatDataAndDimensions(alive, batch, n), tensors.FromFlatDataAndDimensions(press, batch, 1), tensors.FromFlatDataAndDimensions(p, batch, heads, n, n))
	if err != nil {
		t.Fatal(err)
	}
	read := tensors.MustCopyFlatData[float32](out)
	off := 0
	for row := range batch * heads * n {
		e := row / (heads * n)
		left, got, least, most := 0, 0, float32(1), float32(-1)
		for k := range n {
			at := row*n + k
			left += int(alive[e*n+k])
			switch {
			case read[at] == 1 && alive[e*n+k] == 0:
				t.Fatalf("row %d reads the value of a token that was dropped", row)
			case read[at] == 1:
				got++
				least = min(least, p[at])
			case alive[e*n+k] == 1:
				most = max(most, p[at])
			}
		}
		want := pruning.Keep(left, float64(press[e])*(1-share))
		if got < 1 || most > least || math.Abs(float64(got-want)) > 3 {
			t.Fatalf("row %d reads %d values of %d, must be about %d; the smallest is %v, the largest left out %v", row, got, left, want, least, most)
		}
		if got != want {
			off++
		}
	}
	if 3*off > batch*heads*n {
		t.Errorf("%d of %d rows read another number of values than they must", off, batch*heads*n)
	}
}

func TestCascadeRefusesASenselessShareOfValues(t *testing.T) {
	for _, share := range []float64{-0.1, 1.5, math.NaN()} {
		c := Cascade{Tokens: make([]float64, 2), Heads: make([]float64, 2), Values: share}
		if err := c.Validate(2); err == nil || !strings.Contains(err.Error(), "Cascade.Values") {
			t.Errorf("share %v: error %v, must name Cascade.Values", share, err)
		}
	}
	for _, share := range []float64{0, 0.5, 1} {
		if err := (&Cascade{Tokens: make([]float64, 2), Heads: make([]float64, 2), Values: share}).Validate(2); err != nil {
			t.Errorf("share %v: %v", share, err)
		}
	}
}
