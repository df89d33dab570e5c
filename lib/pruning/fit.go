package pruning

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sparse-attention/workbench/lib/attention"
)

// FitSample is what a DetectorHead is fitted on: a head's exact scores and its layer's projected input.
type FitSample struct {
	Head      *attention.Head
	Projected []float32 // Valid x width, what Project gave
}

// FitHead is the detector head of the given width that estimates the scores of samples best without any gradient: the matrix M that
// minimises the squared error of X.P M (X.P)^T, in parts that matter, which is what each query's scores differ by from their
// mean. Its two factors share the singular values, so that quantisation takes as much from one side as from the other. It
// is no part of DOTA, whose detector is trained with the model; it shows what a detector can do for a model that was not.
func FitHead(samples []FitSample, width int) (DetectorHead, error) {
	if len(samples) == 0 {
		return DetectorHead{}, fmt.Errorf("pruning: FitHead has no samples, must have at least 1")
	}
	n := width * width
	left, right := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for _, s := range samples {
		if len(s.Projected) < s.Head.Valid*width {
			return DetectorHead{}, fmt.Errorf("pruning: FitHead sample holds %d projected values, must hold %d", len(s.Projected), s.Head.Valid*width)
		}
		s.accumulate(left, right, width)
	}
	trace := 0.0
	for i := range n {
		trace += left.At(i, i)
	}
	for i := range n { // the ridge keeps directions that no sample shows at nothing
		left.SetSym(i, i, left.At(i, i)+1e-6*trace/float64(n)+1e-12)
	}
	var factor mat.Cholesky
	if !factor.Factorize(left) {
		return DetectorHead{}, fmt.Errorf("pruning: FitHead: the samples' projected inputs do not determine the head")
	}
	var solution mat.VecDense
	if err := factor.SolveVecTo(&solution, right); err != nil {
		return DetectorHead{}, fmt.Errorf("pruning: FitHead: %w", err)
	}
	return balanced(mat.NewDense(width, width, solution.RawVector().Data))
}

// accumulate adds a sample's part of the normal equations: G_q M G_k = A^T S A_c summed over samples, where A is the projected
// input, A_c the same about its mean over keys, and M is laid out row by row.
func (s FitSample) accumulate(left *mat.SymDense, right *mat.VecDense, width int) {
	valid := s.Head.Valid
	a, c := mat.NewDense(valid, width, nil), mat.NewDense(valid, width, nil)
	mean := make([]float64, width)
	for t := range valid {
		for j := range width {
			v := float64(s.Projected[t*width+j])
			a.Set(t, j, v)
			mean[j] += v / float64(valid)
		}
	}
	for t := range valid {
		for j := range width {
			c.Set(t, j, a.At(t, j)-mean[j])
		}
	}
	scores := mat.NewDense(valid, valid, nil)
	scorer, scale := attention.NewScorer(s.Head), s.Head.ScoreScale()
	for t := range valid {
		for j, v := range scorer.Row(t) {
			scores.Set(t, j, scale*float64(v))
		}
	}
	var gq, gk, half, rhs mat.Dense
	gq.Mul(a.T(), a)
	gk.Mul(c.T(), c)
	half.Mul(a.T(), scores)
	rhs.Mul(&half, c)
	for i := range width {
		for j := range width {
			at := i*width + j
			right.SetVec(at, right.AtVec(at)+rhs.At(i, j))
			for k := range width {
				for l := range width {
					if to := k*width + l; to >= at {
						left.SetSym(at, to, left.At(at, to)+gq.At(i, k)*gk.At(j, l))
					}
				}
			}
		}
	}
}

// balanced splits M into two factors that share its singular values.
func balanced(m *mat.Dense) (DetectorHead, error) {
	var svd mat.SVD
	if !svd.Factorize(m, mat.SVDFull) {
		return DetectorHead{}, fmt.Errorf("pruning: FitHead: no singular values")
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	k, _ := m.Dims()
	h := DetectorHead{Query: make([]float32, k*k), Key: make([]float32, k*k)}
	for c, x := range svd.Values(nil) {
		root := math.Sqrt(x)
		for r := range k {
			h.Query[r*k+c], h.Key[r*k+c] = float32(u.At(r, c)*root), float32(v.At(r, c)*root)
		}
	}
	return h, nil
}
