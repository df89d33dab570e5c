package attention

import (
	"errors"
	"fmt"
	"math"
)

// Head is one attention head of one input: integers of Bits bits, two's complement, symmetric scales.
// The real value of Q[i] is ScaleQ*Q[i]; the same holds for K and V.
type Head struct {
	Tokens int  // N, token slots
	Valid  int  // real tokens, 1..N; the slots behind them are padding
	Dim    int  // d, values in a query, key or value vector
	Causal bool // query t sees keys 0..t only
	Bits   int  // width of Q, K and V in bits, 2..16

	Q, K, V                []int16 // N x d each, row-major
	ScaleQ, ScaleK, ScaleV float32 // real value of one integer step
}

// ValidateShape reports what is wrong with Tokens, Valid or Dim, or that h is nil. It is for machines that look at the shape
// alone; the integers may be missing.
func (h *Head) ValidateShape() error {
	switch {
	case h == nil:
		return errors.New("attention: Head is nil, must be a head")
	case h.Tokens < 1:
		return fmt.Errorf("attention: Head.Tokens is %d, must be at least 1", h.Tokens)
	case h.Valid < 1 || h.Valid > h.Tokens:
		return fmt.Errorf("attention: Head.Valid is %d, must be in 1..%d (Tokens)", h.Valid, h.Tokens)
	case h.Dim < 1:
		return fmt.Errorf("attention: Head.Dim is %d, must be at least 1", h.Dim)
	}
	return nil
}

// Validate reports the first field that no machine can work with.
func (h *Head) Validate() error {
	if err := h.ValidateShape(); err != nil {
		return err
	}
	switch n := h.Tokens * h.Dim; {
	case h.Bits < 2 || h.Bits > 16:
		return fmt.Errorf("attention: Head.Bits is %d, must be in 2..16", h.Bits)
	case len(h.Q) != n || len(h.K) != n || len(h.V) != n:
		return fmt.Errorf("attention: Head.Q, K, V hold %d, %d, %d values, must each hold Tokens x Dim = %d",
			len(h.Q), len(h.K), len(h.V), n)
	}
	for _, s := range []struct {
		name  string
		value float32
	}{{"ScaleQ", h.ScaleQ}, {"ScaleK", h.ScaleK}, {"ScaleV", h.ScaleV}} {
		if !(s.value > 0) || math.IsInf(float64(s.value), 0) {
			return fmt.Errorf("attention: Head.%s is %v, must be positive and finite", s.name, s.value)
		}
	}
	lo, hi := int16(-1<<(h.Bits-1)), int16(1<<(h.Bits-1)-1)
	for _, m := range []struct {
		name   string
		values []int16
	}{{"Q", h.Q}, {"K", h.K}, {"V", h.V}} {
		for i, v := range m.values {
			if v < lo || v > hi {
				return fmt.Errorf("attention: Head.%s[%d] is %d, must be in %d..%d (%d bits)", m.name, i, v, lo, hi, h.Bits)
			}
		}
	}
	if r := h.reach(); r > math.MaxInt32 {
		return fmt.Errorf("attention: Head.Q, K of %d bits and Dim %d give scores up to %d, must be at most %d (32 bits)",
			h.Bits, h.Dim, r, math.MaxInt32)
	}
	return nil
}

// Query returns the d integers of query t.
func (h *Head) Query(t int) []int16 { return h.Q[t*h.Dim : (t+1)*h.Dim] }

// Key returns the d integers of key j.
func (h *Head) Key(j int) []int16 { return h.K[j*h.Dim : (j+1)*h.Dim] }

// Value returns the d integers of value j.
func (h *Head) Value(j int) []int16 { return h.V[j*h.Dim : (j+1)*h.Dim] }

// Keys is the number of keys that query t may see: all valid ones, or those up to itself in a causal head.
func (h *Head) Keys(t int) int {
	if h.Causal {
		return min(t+1, h.Valid)
	}
	return h.Valid
}

// ScoreScale turns an integer score q.k into the real score q.k/sqrt(d).
func (h *Head) ScoreScale() float64 {
	return float64(h.ScaleQ) * float64(h.ScaleK) / math.Sqrt(float64(h.Dim))
}

// IntegerThreshold is the smallest integer score whose real value, score x ScoreScale, reaches th, so that
// "integer score >= IntegerThreshold" and "real score >= th" are the same test. Thresholds outside the 32-bit range are
// clamped to it; th must not be NaN.
func (h *Head) IntegerThreshold(th float64) int32 {
	scale := h.ScoreScale()
	t := math.Ceil(th / scale)
	if math.Abs(t) >= 1<<31 {
		return int32(math.Copysign(math.MaxInt32, t))
	}
	// The division rounds: step to the integer that the comparison itself would choose.
	for (t-1)*scale >= th {
		t--
	}
	for t*scale < th {
		t++
	}
	return int32(max(math.MinInt32, min(math.MaxInt32, t)))
}

// Scores writes the exact integer scores of query t against the keys 0..len(dst)-1.
func (h *Head) Scores(t int, dst []int32) {
	q := h.Query(t)
	for j := range dst {
		dst[j] = Dot(q, h.Key(j))
	}
}

// Dot is the exact integer product of two vectors of equal length.
func Dot(a, b []int16) int32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += int32(a[0]) * int32(b[0])
		s1 += int32(a[1]) * int32(b[1])
		s2 += int32(a[2]) * int32(b[2])
		s3 += int32(a[3]) * int32(b[3])
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += int32(a[i]) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}
