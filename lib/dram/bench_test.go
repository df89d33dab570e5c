package dram

import (
	"iter"
	"testing"
)

// endless repeats a stream of addresses as requests until n are out.
func bench(b *testing.B, s Spec, addresses func(n int) Addresses) {
	y, err := New(s, nil)
	if err != nil {
		b.Fatal(err)
	}
	next, stop := iter.Pull(addresses(b.N))
	stop()
	_ = next
	b.ReportAllocs()
	b.ResetTimer()
	for a := range addresses(b.N) {
		for o := 0; o < 64; o += s.AccessBytes {
			if _, err := y.Push(Request{Addr: a + uint64(o)}); err != nil {
				b.Fatal(err)
			}
		}
	}
	st := y.Drain()
	b.StopTimer()
	if err := st.Verify(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(st.Bandwidth()/1e9, "GB/s")
}

func stream(n int) Addresses {
	return func(yield func(uint64) bool) {
		for i := range n {
			if !yield(uint64(i) * 64 & (1<<30 - 1)) {
				return
			}
		}
	}
}

func random(n int) Addresses { return Random(n, 1, 1<<30, 64) }

// The benchmarks count requests of 64 bytes over 8 channels, on one thread.
func BenchmarkStream(b *testing.B)          { bench(b, HBM2(DRAMsim3), stream) }
func BenchmarkRandom(b *testing.B)          { bench(b, HBM2(DRAMsim3), random) }
func BenchmarkStreamRamulator(b *testing.B) { bench(b, HBM2(Ramulator), stream) }
func BenchmarkRandomRamulator(b *testing.B) { bench(b, HBM2(Ramulator), random) }
