package dota

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Precision is the width of the operands of a row of PEs, in bits.
type Precision uint8

const (
	INT2 Precision = 2
	INT4 Precision = 4
	INT8 Precision = 8
	FX16 Precision = 16
)

func (p Precision) String() string {
	if p == FX16 {
		return "FX16"
	}
	return fmt.Sprintf("INT%d", uint8(p))
}

// legal reports whether the RMMU has the width.
func (p Precision) legal() bool { return p == INT2 || p == INT4 || p == INT8 || p == FX16 }

// Gain says how many low-precision products a PE makes a cycle. The paper draws only a 4-bit multiplier that makes one
// 4-bit product or four 2-bit products; both models agree with it.
type Gain uint8

const (
	PortLimited       Gain = iota // two 16-bit operand ports carry 32/p activations a cycle, each for a stored weight
	MultiplierLimited             // each halving of the width splits a multiplier into four

	gains
)

func (g Gain) String() string { return legal.Name(g, "Gain", "port-limited", "multiplier-limited") }

// Products is how many multiply-accumulates a PE makes a cycle at a precision.
func (g Gain) Products(p Precision) int {
	if p == FX16 {
		return 1
	}
	if g == MultiplierLimited {
		return int(FX16/p) * int(FX16/p)
	}
	return 32 / int(p)
}

// Multiply4 is the product of two unsigned 4-bit numbers as the RMMU's multiplier makes it: four 2-bit products, shifted by
// 4, 2, 2 and 0 bits and added (RMMU figure).
func Multiply4(x, y uint8) uint8 {
	xh, xl, yh, yl := x>>2&3, x&3, y>>2&3, y&3
	return xh*yh<<4 + xh*yl<<2 + xl*yh<<2 + xl*yl
}
