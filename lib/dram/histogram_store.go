package dram

import (
	"encoding/binary"
	"fmt"
)

// MarshalBinary makes a Histogram storable, as variable-length integers: n, sum, max, then pairs of bucket and count.
func (h Histogram) MarshalBinary() ([]byte, error) {
	b := binary.AppendVarint(nil, h.n)
	b = binary.AppendVarint(b, h.sum)
	b = binary.AppendVarint(b, h.max)
	for i, n := range h.counts {
		if n != 0 {
			b = binary.AppendVarint(binary.AppendVarint(b, int64(i)), n)
		}
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (h *Histogram) UnmarshalBinary(b []byte) error {
	var v []int64
	for len(b) > 0 {
		x, n := binary.Varint(b)
		if n <= 0 {
			return fmt.Errorf("dram: Histogram: integer %d is cut off", len(v))
		}
		v, b = append(v, x), b[n:]
	}
	if len(v) < 3 || len(v)%2 == 0 {
		return fmt.Errorf("dram: Histogram holds %d integers, must hold 3 and pairs", len(v))
	}
	*h = Histogram{n: v[0], sum: v[1], max: v[2]}
	for i := 3; i < len(v); i += 2 {
		if v[i] < 0 || v[i] >= int64(len(h.counts)) {
			return fmt.Errorf("dram: Histogram has a bucket %d, must be in 0..%d", v[i], len(h.counts)-1)
		}
		h.counts[v[i]] = v[i+1]
	}
	return nil
}
