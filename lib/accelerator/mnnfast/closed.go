package mnnfast

import "math"

// Stages is the time of one query in cycles, by what it waits for (section 4 of the reference sheet).
type Stages struct{ Score, Value, Memory float64 }

// Stages is the closed form of one query over n rows of d elements, of which some values are kept, when it streams all of
// them for itself.
func (s Spec) Stages(n, kept, d float64) Stages {
	rows := float64(s.Lanes) / d // a cycle
	return Stages{Score: n / rows, Value: kept / rows, Memory: 2 * n * d * float64(s.Bits) / 8 / s.bytesPerCycle()}
}

// Cycles is the slowest stage when they overlap, and all of them when they do not.
func (t Stages) Cycles(streaming bool) float64 {
	if streaming {
		return max(t.Score, t.Value, t.Memory)
	}
	return t.Score + t.Value + t.Memory
}

// up rounds a time up to whole cycles, but not over the noise of a division.
func up(x float64) int64 { return int64(math.Ceil(x - 1e-9)) }
