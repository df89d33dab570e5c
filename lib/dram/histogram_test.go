package dram

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestQuantiles: exact below 64, at most 1/32 too high above, never above the maximum.
func TestQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 63), rapid.Int64Range(0, 5000), rapid.Int64Range(0, 1<<60)), 1, 200).Draw(t, "values")
		var h Histogram
		for _, v := range values {
			h.add(v)
		}
		slices.Sort(values)
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		rank := int(min(float64(len(values)), max(1, p*float64(len(values))+0.5)))
		want, got := values[rank-1], h.Quantile(p)
		if got < want || got > want+want/32 || got > values[len(values)-1] {
			t.Fatalf("quantile %g of %v is %d, must be %d", p, values, got, want)
		}
		var n int64
		last := int64(-1)
		for top, count := range h.Buckets {
			if top < last {
				t.Fatalf("buckets fall from %d to %d", last, top)
			}
			last = top
			n += count
		}
		if n != int64(len(values)) || h.Count() != n || h.Max() != values[len(values)-1] {
			t.Fatalf("%d values, %d in buckets, count %d, max %d", len(values), n, h.Count(), h.Max())
		}
	})
}

func TestEveryBucketHoldsItsTop(t *testing.T) {
	var h Histogram
	for i := range h.counts {
		if got := bucketOf(bucketTop(i)); got != i {
			t.Fatalf("the top of bucket %d, %d, falls into bucket %d", i, bucketTop(i), got)
		}
		if i > 0 && bucketOf(bucketTop(i-1)+1) != i {
			t.Fatalf("the value above bucket %d, %d, falls into bucket %d", i-1, bucketTop(i-1)+1, bucketOf(bucketTop(i-1)+1))
		}
	}
}
