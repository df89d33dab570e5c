package energy_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/unit"
	"pgregory.net/rapid"
)

func TestTablesAreCompleteAndLegal(t *testing.T) {
	for _, table := range []energy.Table{energy.SPRINT65(), energy.NVMain()} {
		if err := table.Validate(); err != nil {
			t.Error(err)
		}
		for i, c := range table.Constants {
			if !(c.Value > 0) || c.Node == "" || c.Source == "" || c.Evidence == "" {
				t.Errorf("%s, %v: %+v lacks a value, node, source or evidence", table.Name, energy.Component(i), c)
			}
		}
	}
}

// The five on-chip constants came from a fit and must say so; the ReRAM ones did not.
func TestFittedConstantsAreDeclared(t *testing.T) {
	want := []energy.Component{energy.OnChipRead, energy.OnChipWrite, energy.QKPU, energy.VPU, energy.Softmax}
	if got := energy.SPRINT65().Declared(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("declared %v, want %v", got, want)
	}
}

// NVMain's two numbers are given a 512-bit access (reference sheet of SPRINT, 7: about 0.16 and 3.3 pJ a bit).
func TestNVMainAccessEnergies(t *testing.T) {
	var c energy.Counts
	c[energy.ReRAMRead], c[energy.ReRAMWrite] = 512, 512
	b := energy.NVMain().Of(c)
	if math.Abs(float64(b[energy.ReRAMRead])-81.2) > 1e-9 || math.Abs(float64(b[energy.ReRAMWrite])-1684.8) > 1e-9 {
		t.Errorf("one access costs %v to read and %v to write", b[energy.ReRAMRead], b[energy.ReRAMWrite])
	}
}

func TestValidateNamesTheComponent(t *testing.T) {
	table := energy.SPRINT65()
	table.Constants[energy.VPU].Value = -1
	if err := table.Validate(); err == nil || !strings.Contains(err.Error(), "Constants[V-PU] is -1 pJ, must be at least 0") {
		t.Errorf("got %v", err)
	}
}

// Energy is linear in the counts, and the shares of a stack against itself sum to one.
func TestAccountingIsLinear(t *testing.T) {
	table := energy.SPRINT65()
	rapid.Check(t, func(t *rapid.T) {
		var a, b energy.Counts
		for i := range a {
			a[i] = float64(rapid.IntRange(0, 1<<40).Draw(t, "a"))
			b[i] = float64(rapid.IntRange(0, 1<<40).Draw(t, "b"))
		}
		a[0]++
		whole, parts := table.Of(a.Plus(b)), table.Of(a).Plus(table.Of(b))
		for i := range whole {
			if d := math.Abs(float64(whole[i] - parts[i])); d > 1e-12*float64(whole[i]) {
				t.Fatalf("%v: %v together, %v apart", energy.Component(i), whole[i], parts[i])
			}
		}
		sum := 0.0
		for _, s := range whole.Shares(whole.Total()) {
			sum += s
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Fatalf("shares sum to %v", sum)
		}
	})
}

func ExampleTable_Of() {
	var c energy.Counts
	c[energy.ReRAMRead] = 512 // one 64-byte vector
	c[energy.OnChipWrite] = 512
	b := energy.SPRINT65().Of(c)
	for i, e := range b {
		if e > 0 {
			fmt.Printf("%v: %v\n", energy.Component(i), e)
		}
	}
	fmt.Println("total:", unit.Picojoules(b.Total()))
	// Output:
	// ReRAM read: 1.587 nJ
	// on-chip write: 271.4 pJ
	// total: 1.859 nJ
}
