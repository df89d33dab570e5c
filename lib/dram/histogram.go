package dram

import "math/bits"

// Histogram counts clocks in buckets that are exact up to 63 and 1/32 of their value wide beyond.
type Histogram struct {
	counts [64 + 32*57]int64
	n, sum int64
	max    int64
}

const exactBuckets = 64

func bucketOf(v int64) int {
	if v < exactBuckets {
		return int(max(v, 0))
	}
	e := bits.Len64(uint64(v)) - 6 // keeps the top six bits
	return exactBuckets + 32*(e-1) + int(v>>e) - 32
}

// bucketTop is the largest value of a bucket.
func bucketTop(i int) int64 {
	if i < exactBuckets {
		return int64(i)
	}
	i -= exactBuckets
	e := i/32 + 1
	return int64(i%32+33)<<e - 1
}

func (h *Histogram) add(v int64) {
	h.counts[bucketOf(v)]++
	h.n++
	h.sum += v
	if v > h.max {
		h.max = v
	}
}

func (h *Histogram) merge(o *Histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.n += o.n
	h.sum += o.sum
	h.max = max(h.max, o.max)
}

// Count is the number of values.
func (h *Histogram) Count() int64 { return h.n }

// Mean is the exact mean; 0 of an empty histogram.
func (h *Histogram) Mean() float64 {
	if h.n == 0 {
		return 0
	}
	return float64(h.sum) / float64(h.n)
}

// Max is the exact maximum.
func (h *Histogram) Max() int64 { return h.max }

// Quantile is the smallest value below or at which the share p of all values lies, to the width of its bucket
// (upwards); p is held to 0..1.
func (h *Histogram) Quantile(p float64) int64 {
	if h.n == 0 {
		return 0
	}
	need := int64(max(1, min(float64(h.n), p*float64(h.n)+0.5)))
	var seen int64
	for i, n := range h.counts {
		if seen += n; seen >= need {
			return min(bucketTop(i), h.max)
		}
	}
	return h.max
}

// Buckets calls yield with the largest value and the count of every bucket that is not empty, in order.
func (h *Histogram) Buckets(yield func(top, count int64) bool) {
	for i, n := range h.counts {
		if n > 0 && !yield(min(bucketTop(i), h.max), n) {
			return
		}
	}
}
