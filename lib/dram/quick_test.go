package dram

import ("testing";"time")

func TestQuick(t *testing.T) {
	n := 100000
	for _, c := range []struct{name string; s func() Spec; rnd bool; want int64; last bool}{
		{"stock-stream-1", func() Spec{s:=HBM2(DRAMsim3); s.Mapping="rorabgbachco"; s.FrontEnd=FrontEnd{1,false}; return s}, false, 101798,false},
		{"stock-stream-k", func() Spec{s:=HBM2(DRAMsim3); s.Mapping="rorabgbachco"; s.FrontEnd=FrontEnd{64,false}; return s}, false, 26943,false},
		{"stock-stream-c", func() Spec{s:=HBM2(DRAMsim3); s.Mapping="rorabgbachco"; return s}, false, 26893,false},
		{"stock-random-1", func() Spec{s:=HBM2(DRAMsim3); s.Mapping="rorabgbachco"; s.FrontEnd=FrontEnd{1,false}; return s}, true, 104756,false},
		{"stock-random-k", func() Spec{s:=HBM2(DRAMsim3); s.Mapping="rorabgbachco"; s.FrontEnd=FrontEnd{64,false}; return s}, true, 104148,false},
		{"stock-random-c", func() Spec{s:=HBM2(DRAMsim3); s.Mapping="rorabgbachco"; return s}, true, 104084,false},
		{"inter-stream-k", func() Spec{s:=HBM2(DRAMsim3);  s.FrontEnd=FrontEnd{64,false}; return s}, false, 26904,false},
		{"inter-random-c", func() Spec{s:=HBM2(DRAMsim3);   return s}, true, 104080,false},
		{"inter-random-k", func() Spec{s:=HBM2(DRAMsim3); s.FrontEnd=FrontEnd{64,false};  return s}, true, 104281,false},
		{"vec_pc-stream", func() Spec{s:=HBM2(Ramulator);  s.FrontEnd=FrontEnd{16,false}; s.Mapping="robacobgchpc"; return s}, false, 27751,true},
		{"vec_col-stream", func() Spec{s:=HBM2(Ramulator);  s.FrontEnd=FrontEnd{16,false};return s}, false, 27761,true},
		{"vec_col-random", func() Spec{s:=HBM2(Ramulator);  s.FrontEnd=FrontEnd{16,false};return s}, true, 45434,true},
		{"vec_pc-random", func() Spec{s:=HBM2(Ramulator);  s.FrontEnd=FrontEnd{16,false};s.Mapping="robacobgchpc";return s}, true, 87241,true},
		{"32B-stream", func() Spec{s:=HBM2(Ramulator);  s.FrontEnd=FrontEnd{16,false};s.Mapping="robabgpccoch";return s}, false, 30623,true},
		{"32B-random", func() Spec{s:=HBM2(Ramulator);  s.FrontEnd=FrontEnd{16,false};s.Mapping="robabgpccoch";return s}, true, 83833,true},
		{"64B-random", func() Spec{s:=HBM2(Ramulator);  s.FrontEnd=FrontEnd{16,false};s.Mapping="robabgpcco4chco1";return s}, true, 45378,true},
	} {
		s := c.s()
		a := Sequential(n, 64)
		if c.rnd { a = Random(n, 1, 1<<30, 64) }
		t0 := time.Now()
		st, err := Run(s, Reads(a, 64, s.AccessBytes), nil)
		dt := time.Since(t0)
		if err != nil { t.Error(err) }
		got := int64(st.Cycles)
		if c.last { got = st.LastAccept }
		t.Logf("%-16s ours %d want %d ratio %.5f  %.2f Mreq/s ACT %d PRE %d RD %d REF %d", c.name, got, c.want, float64(got)/float64(c.want), float64(n)/dt.Seconds()/1e6, st.Ops[ACT], st.Ops[PRE], st.Ops[RD], st.Ops[REF])
	}
}
