package dram

import "testing"

// bench plays b.N reads of 64 bytes on one thread and checks the laws of the run.
func bench(b *testing.B, s Spec, addresses Addresses, writes uint64) {
	y, err := New(s, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	i := uint64(0)
	for a := range addresses {
		k := Read
		if i++; writes > 0 && i%writes == 0 {
			k = Write
		}
		for o := 0; o < 64; o += s.AccessBytes {
			if _, err := y.Push(Request{Addr: a + uint64(o), Kind: k}); err != nil {
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

// circling is n addresses in order over a window of 1 GiB, again and again.
func circling(n int) Addresses {
	return func(yield func(uint64) bool) {
		for i := range n {
			if !yield(uint64(i) * 64 & (1<<30 - 1)) {
				return
			}
		}
	}
}

func random(n int) Addresses { return Random(n, 1, 1<<30, 64) }

// BenchmarkStream and BenchmarkRandom count requests of 64 bytes over 8 channels.
func BenchmarkStream(b *testing.B) { bench(b, HBM2(DRAMsim3), circling(b.N), 0) }
func BenchmarkRandom(b *testing.B) { bench(b, HBM2(DRAMsim3), random(b.N), 0) }

// The same with every third request a write, and with the other reading of HBM2, where 64 bytes are two requests.
func BenchmarkStreamMixed(b *testing.B)     { bench(b, HBM2(DRAMsim3), circling(b.N), 3) }
func BenchmarkRandomMixed(b *testing.B)     { bench(b, HBM2(DRAMsim3), random(b.N), 3) }
func BenchmarkStreamRamulator(b *testing.B) { bench(b, HBM2(Ramulator), circling(b.N), 0) }
func BenchmarkRandomRamulator(b *testing.B) { bench(b, HBM2(Ramulator), random(b.N), 0) }
