package dram

import "testing"

func TestHistogramIsStored(t *testing.T) {
	h := Histogram{n: 3, sum: 1205, max: 1000}
	h.counts[5], h.counts[bucketOf(200)], h.counts[bucketOf(1000)] = 1, 1, 1
	b, err := h.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var back Histogram
	if err := back.UnmarshalBinary(b); err != nil || back != h {
		t.Errorf("%v", err)
	}
	for _, bad := range [][]byte{nil, b[:1], b[:len(b)-1], append(b[:len(b):len(b)], 0x80)} {
		if err := back.UnmarshalBinary(bad); err == nil {
			t.Errorf("%d bytes of %d are taken", len(bad), len(b))
		}
	}
}
