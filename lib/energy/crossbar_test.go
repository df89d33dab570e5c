package energy_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/energy"
)

func TestCrossbarPricesAreComplete(t *testing.T) {
	prices, err := energy.ISAAC32(8)
	if err != nil {
		t.Fatal(err)
	}
	if err := prices.Validate(); err != nil {
		t.Error(err)
	}
	for i, c := range prices.Constants {
		if !(c.Value > 0) || c.Node == "" || c.Source == "" || c.Evidence == "" {
			t.Errorf("%v: %+v lacks a value, node, source or evidence", energy.CrossbarComponent(i), c)
		}
	}
	prices.Constants[energy.CrossbarDAC].Value = -1
	if err := prices.Validate(); err == nil || !strings.Contains(err.Error(), "Constants[DAC] is -1 pJ") {
		t.Errorf("got %v", err)
	}
}

// A converter costs more with every bit, and there is none outside of the table.
func TestADCRisesWithBits(t *testing.T) {
	last := 0.0
	for bits := 4; bits <= 10; bits++ {
		c, err := energy.ADC(bits)
		if err != nil || float64(c.Value) <= last {
			t.Errorf("%d bits: %v, %v after %v pJ", bits, c.Value, err, last)
		}
		last = float64(c.Value)
	}
	for _, bits := range []int{3, 11} {
		if _, err := energy.ISAAC32(bits); err == nil || !strings.Contains(err.Error(), "must be in 4..10") {
			t.Errorf("%d bits: got %v", bits, err)
		}
	}
}

// Reference sheet of ReRAM, 6: a full array cycle is 213.376 + 53.376 + 30 pJ.
func ExampleCrossbarPrices_Of() {
	prices, _ := energy.ISAAC32(8)
	b := prices.Of(energy.CrossbarCounts{energy.CrossbarADC: 128, energy.CrossbarDAC: 128, energy.CrossbarArray: 1})
	fmt.Printf("%.3f pJ, of which ADC %.1f %%\n", float64(b.Total()), 100*float64(b[energy.CrossbarADC]/b.Total()))
	// Output: 296.752 pJ, of which ADC 71.9 %
}

func TestCrossbarAccountingIsLinear(t *testing.T) {
	prices, _ := energy.ISAAC32(8)
	var a energy.CrossbarCounts
	for i := range a {
		a[i] = float64(i + 1)
	}
	twice, sum := prices.Of(a.Times(2)), prices.Of(a).Plus(prices.Of(a))
	if d := math.Abs(float64(twice.Total() - sum.Total())); d > 1e-9 || prices.Of(a.Plus(a)) != twice {
		t.Errorf("twice %v, sum %v", twice, sum)
	}
}
