package leopard

import (
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Closed is the time of one query by the reference sheet's equations (4.1), without regard to the order of the keys.
type Closed struct {
	QK, V unit.Cycles // of the front end and the back end
}

// Stages is Closed for keys whose decisions took the given cycles in sum, of which some survive.
func (s Spec) Stages(cycles, survivors int64) Closed {
	u := int64(s.QKUnits)
	return Closed{QK: unit.Cycles((cycles + u - 1) / u), V: unit.Cycles(survivors)}
}

// FullLength is Closed for n keys of full length whose values are all used: the baseline.
func (s Spec) FullLength(n int64) Closed { return s.Stages(n*int64(s.BitSerial.Cycles()), n) }

// Cycles is the longer of the two overlapping stages.
func (c Closed) Cycles() unit.Cycles { return max(c.QK, c.V) }

// KeyEnergy is what reading and multiplying the given bits of one key of dim elements takes (4.2).
func (s Spec) KeyEnergy(dim, bits float64) unit.Picojoules {
	read, product := s.Energy.Constants[energy.OnChipRead].Value, s.Energy.Constants[energy.QKPU].Value
	return unit.Picojoules(dim*bits*float64(read) + dim*float64(product)*float64(s.QueryBits)*bits/64)
}

// SurvivorEnergy is what one survivor adds: its softmax, its value's reads and products (4.2).
func (s Spec) SurvivorEnergy(dim float64) unit.Picojoules {
	c := s.Energy.Constants
	return c[energy.Softmax].Value + unit.Picojoules(dim*float64(s.ValueBits)*float64(c[energy.OnChipRead].Value)+
		dim*float64(c[energy.VPU].Value)*float64(s.ProbabilityBits*s.ValueBits)/64)
}
