package pruning

import "math"

// SoftThreshold is LeOPArd's differentiable stand-in for pruning (reference sheet, section 2.1 to 2.3):
//
//	t = tanh(S (x-Th));  y = x t  when x >= Th,  y = C t  when x < Th
//
// Far below the threshold y is -C, to which a softmax gives a weight of zero; at the threshold both branches meet at 0.
type SoftThreshold struct {
	S float64 // sharpness of the step
	C float64 // depth of the pruned side

	// The regulariser counts kept scores smoothly: sigmoid(K (y + C - Alpha)) is 1 for a kept and 0 for a pruned score.
	K, Alpha float64
}

// LeOPArd returns the constants of the public code of LeOPArd's authors' group (s, c) and the assumed ones of the
// regulariser (k, alpha), which the sources at hand do not print.
func LeOPArd() SoftThreshold { return SoftThreshold{S: 10, C: 1000, K: 100, Alpha: 1} }

// Apply returns the soft score y of the real score x.
func (s SoftThreshold) Apply(x, th float64) float64 {
	t := math.Tanh(s.S * (x - th))
	if x >= th {
		return x * t
	}
	return s.C * t
}

// Gradient returns dy/dx and dy/dTh.
func (s SoftThreshold) Gradient(x, th float64) (dx, dth float64) {
	t := math.Tanh(s.S * (x - th))
	h := 1 - t*t
	if x >= th {
		return t + s.S*x*h, -s.S * x * h
	}
	return s.C * s.S * h, -s.C * s.S * h
}

// Kept is the regulariser's term for one soft score y: about 1 when kept, about 0 when pruned.
func (s SoftThreshold) Kept(y float64) float64 { return 1 / (1 + math.Exp(-s.K*(y+s.C-s.Alpha))) }

// KeptGradient is dKept/dy.
func (s SoftThreshold) KeptGradient(y float64) float64 {
	k := s.Kept(y)
	return s.K * k * (1 - k)
}

// Regulariser is the sparsity loss of a layer, the mean of Kept over its soft scores; 0 for none.
func (s SoftThreshold) Regulariser(ys []float64) float64 {
	if len(ys) == 0 {
		return 0
	}
	var sum float64
	for _, y := range ys {
		sum += s.Kept(y)
	}
	return sum / float64(len(ys))
}

// KeptMargin is how far below the threshold a score still counts as kept in the regulariser: wider than at inference.
func (s SoftThreshold) KeptMargin() float64 { return math.Atanh(1-s.Alpha/s.C) / s.S }

// CountedPruned reports whether training counts the soft score y as pruned: below half of the depth.
func (s SoftThreshold) CountedPruned(y float64) bool { return y < -s.C/2 }
