package pruning

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Projection is ELSA's orthogonal transform (ISCA 2021, section III-C): a Kronecker product of small orthogonal factors,
// which multiplies a vector of d values in far fewer than d² products. One factor is the dense transform.
type Projection struct {
	factors [][][]float64 // square, row-major; their sizes multiply to d
	dim     int
}

// NewProjection wraps factors, each a square matrix.
func NewProjection(factors ...[][]float64) (*Projection, error) {
	if len(factors) == 0 {
		return nil, fmt.Errorf("pruning: Projection has no factors, must have at least 1")
	}
	p := &Projection{factors: factors, dim: 1}
	for f, m := range factors {
		if len(m) == 0 {
			return nil, fmt.Errorf("pruning: Projection factor %d is empty, must be a square matrix", f)
		}
		for r, row := range m {
			if len(row) != len(m) {
				return nil, fmt.Errorf("pruning: Projection factor %d row %d holds %d values, must hold %d", f, r, len(row), len(m))
			}
		}
		p.dim *= len(m)
	}
	return p, nil
}

// RandomProjection draws orthogonal factors of the given sizes: modified Gram-Schmidt on Gaussian vectors.
func RandomProjection(seed uint64, sizes ...int) (*Projection, error) {
	factors := make([][][]float64, len(sizes))
	for f, n := range sizes {
		if n < 1 {
			return nil, fmt.Errorf("pruning: Projection size %d is %d, must be at least 1", f, n)
		}
		factors[f] = orthogonal(rand.New(rand.NewPCG(seed, uint64(f))), n)
	}
	return NewProjection(factors...)
}

func orthogonal(r *rand.Rand, n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		v := make([]float64, n)
		for length := 0.0; length < 1e-6; { // a draw inside the span of the others has probability zero
			for c := range v {
				v[c] = r.NormFloat64()
			}
			for _, u := range m[:i] {
				s := dot(u, v)
				for c := range v {
					v[c] -= s * u[c]
				}
			}
			length = math.Sqrt(dot(v, v))
		}
		length := math.Sqrt(dot(v, v))
		for c := range v {
			v[c] /= length
		}
		m[i] = v
	}
	return m
}

func dot(a, b []float64) float64 {
	var s float64
	for i, x := range a {
		s += x * b[i]
	}
	return s
}

// Dim is d, the length of the vectors.
func (p *Projection) Dim() int { return p.dim }

// Multiplications is how many products Apply takes: d times the sum of the factors' sizes.
func (p *Projection) Multiplications() int {
	sum := 0
	for _, m := range p.factors {
		sum += len(m)
	}
	return p.dim * sum
}

// Apply returns the transform of x, d values: one factor after the other along its own axis, the last axis the fastest.
func (p *Projection) Apply(x []float64) []float64 {
	in := append([]float64(nil), x[:p.dim]...)
	out := make([]float64, p.dim)
	stride := 1
	for f := len(p.factors) - 1; f >= 0; f-- {
		m := p.factors[f]
		n := len(m)
		for base := range p.dim {
			if base/stride%n != 0 {
				continue
			}
			for r, row := range m {
				var s float64
				for c, a := range row {
					s += a * in[base+c*stride]
				}
				out[base+r*stride] = s
			}
		}
		in, out = out, in
		stride *= n
	}
	return in
}

// Dense is the whole d x d matrix, for checks.
func (p *Projection) Dense() [][]float64 {
	dense := [][]float64{{1}}
	for _, m := range p.factors {
		next := make([][]float64, len(dense)*len(m))
		for i, row := range dense {
			for k, inner := range m {
				for _, a := range row {
					for _, b := range inner {
						next[i*len(m)+k] = append(next[i*len(m)+k], a*b)
					}
				}
			}
		}
		dense = next
	}
	return dense
}
