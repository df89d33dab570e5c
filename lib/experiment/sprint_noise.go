package experiment

import (
	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/reram"
)

// noisy gives a machine the arrays of the accuracy figures.
func noisy(s sprint.Spec) sprint.Spec {
	s.Array = reram.Typical()
	s.Array.Rounding = reram.HalfLSB
	return s
}
