package tracefile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/dram"
)

// TestReferenceTraces holds the generators against the digests of dram.md section 2.3.
func TestReferenceTraces(t *testing.T) {
	for _, c := range []struct {
		name   string
		n      int
		random bool
		split  int
		write  func(*testing.T, iter.Seq[dram.Request]) string
		want   string
	}{
		{"DRAMsim3 stream 1e6", 1_000_000, false, 64, digestDRAMsim3, "82b3372fe6cd14ab"},
		{"DRAMsim3 random 1e6", 1_000_000, true, 64, digestDRAMsim3, "67f8371e99636c29"},
		{"DRAMsim3 stream 1e5", 100_000, false, 64, digestDRAMsim3, "dd7c08eb37ea8517"},
		{"DRAMsim3 random 1e5", 100_000, true, 64, digestDRAMsim3, "1414ca8be9c1dabc"},
		{"Ramulator stream 1e6", 1_000_000, false, 32, digestLoadStore, "f1d2d22b6c30f33e"},
		{"Ramulator random 1e6", 1_000_000, true, 32, digestLoadStore, "42aaf4fa87e74821"},
	} {
		a := dram.Sequential(c.n, 64)
		if c.random {
			a = dram.Random(c.n, 1, 1<<30, 64)
		}
		if got := c.write(t, dram.Reads(a, 64, c.split)); got != c.want {
			t.Errorf("%s: sha256 starts with %s, must be %s", c.name, got, c.want)
		}
	}
}

func digestDRAMsim3(t *testing.T, q iter.Seq[dram.Request]) string {
	h := sha256.New()
	if err := WriteDRAMsim3(h, q); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func digestLoadStore(t *testing.T, q iter.Seq[dram.Request]) string {
	h := sha256.New()
	if err := WriteLoadStore(h, q); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func collect(s iter.Seq2[dram.Request, error]) (all []dram.Request, err error) {
	for q, e := range s {
		if e != nil {
			return all, e
		}
		all = append(all, q)
	}
	return all, nil
}

func mapping(t testing.TB) *dram.Mapping {
	m, err := dram.ParseMapping(dram.HBM2(dram.Ramulator))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReaders(t *testing.T) {
	m := mapping(t)
	at, err := m.Address(dram.Location{Channel: 3, Rank: 1, Group: 2, Bank: 1, Row: 100, Column: 31})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		read iter.Seq2[dram.Request, error]
		want []dram.Request
	}{
		{"DRAMsim3", DRAMsim3("f", strings.NewReader("0x1F40 READ 0\n\n1000 WRITE 17\r\n0X40 P_MEM_WR 17")), []dram.Request{
			{ID: 0, Addr: 0x1F40}, {ID: 1, Addr: 0x1000, Kind: dram.Write, At: 17}, {ID: 2, Addr: 0x40, Kind: dram.Write, At: 17}}},
		{"load-store", LoadStore("f", strings.NewReader("LD 0x1f40\nST 8000\n")), []dram.Request{
			{ID: 0, Addr: 0x1F40}, {ID: 1, Addr: 8000, Kind: dram.Write}}},
		{"read-write", ReadWrite("f", strings.NewReader("W 3,1,2,1,100,31\nR 0,0,0,0,0,0"), m), []dram.Request{
			{ID: 0, Addr: at, Kind: dram.Write}, {ID: 1}}},
	} {
		got, err := collect(c.read)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, %v; must be %v", c.name, got, err, c.want)
		}
	}
}

// TestBadLines wants the file, the number of the line, the value and what is legal.
func TestBadLines(t *testing.T) {
	m := mapping(t)
	for _, c := range []struct {
		format, text string
		want         []string
	}{
		{"d", "0x0 READ 0\n0x40 READ\n", []string{"f.trc, line 2", "2 fields", "must have 3"}},
		{"d", "0x0 READ 0\n\n0x40 PEEK 4", []string{"line 3", `"PEEK"`, "READ or WRITE"}},
		{"d", "zz READ 0", []string{"line 1", `"zz"`, "hexadecimal"}},
		{"d", "0x10000000000000000 READ 0", []string{"line 1", "63 bits"}},
		{"d", "0x0 READ -1", []string{"line 1", `"-1"`, "at least 0"}},
		{"d", strings.Repeat("0", 1<<17), []string{"line 1", "too long"}},
		{"l", "LD 0x0\nLDX 0x0", []string{"line 2", `"LDX"`, "LD or ST"}},
		{"l", "LD", []string{"line 1", "1 fields"}},
		{"l", "ST -8", []string{"line 1", `"-8"`}},
		{"r", "R 0,0,0,0,0", []string{"line 1", "5 coordinates", "must have 6"}},
		{"r", "R 0,0,0,0,x,0", []string{"line 1", "coordinate 5", `"x"`}},
		{"r", "R 0,0,0,4,0,0", []string{"line 1", "ba is 4"}},
		{"r", "Q 0,0,0,0,0,0", []string{"line 1", `"Q"`, "R or W"}},
	} {
		r := strings.NewReader(c.text)
		s := DRAMsim3("f.trc", r)
		switch c.format {
		case "l":
			s = LoadStore("f.trc", r)
		case "r":
			s = ReadWrite("f.trc", r, m)
		}
		_, err := collect(s)
		if err == nil {
			t.Errorf("%q: read without an error", c.text)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: error is %q, must name %q", c.text, err, w)
			}
		}
	}
}

func TestRunReportsTheLine(t *testing.T) {
	s := dram.HBM2(dram.DRAMsim3)
	if _, err := Run(s, DRAMsim3("f", strings.NewReader("0x0 READ 0\nbad")), nil); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error is %v, must name line 2", err)
	}
	if _, err := Run(s, DRAMsim3("f", strings.NewReader("0x0 READ 9\n0x40 READ 8")), nil); err == nil || !strings.Contains(err.Error(), "request 1") {
		t.Errorf("error is %v, must name request 1", err)
	}
	st, err := Run(s, DRAMsim3("f", strings.NewReader("0x0 READ 0\n0x40 WRITE 5\n")), nil)
	if err != nil || st.Reads != 1 || st.Writes != 1 {
		t.Errorf("%d reads and %d writes, %v; must be 1 and 1", st.Reads, st.Writes, err)
	}
}

// fuzz reads anything without a panic, and reads again what it wrote of what it read.
func fuzz(f *testing.F, read func(string) iter.Seq2[dram.Request, error], seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := collect(read(text))
		if err != nil && !strings.Contains(err.Error(), "tracefile: f, line ") {
			t.Errorf("error %q names no line", err)
		}
		var b strings.Builder
		if err := WriteDRAMsim3(&b, func(yield func(dram.Request) bool) {
			for _, q := range all {
				if !yield(q) {
					return
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		again, err := collect(DRAMsim3("f", strings.NewReader(b.String())))
		if err != nil || len(again) != len(all) {
			t.Fatalf("wrote %d requests, read %d: %v", len(all), len(again), err)
		}
		for i := range all {
			if all[i] != again[i] {
				t.Fatalf("wrote %+v, read %+v", all[i], again[i])
			}
		}
	})
}

func FuzzDRAMsim3(f *testing.F) {
	fuzz(f, func(s string) iter.Seq2[dram.Request, error] { return DRAMsim3("f", strings.NewReader(s)) },
		"0x1F40 READ 120\n", "0x0 WRITE 0\n\n0x40 P_FETCH 1", "0x", "READ 0x0 0", "0x0 READ 9223372036854775808")
}

func FuzzLoadStore(f *testing.F) {
	fuzz(f, func(s string) iter.Seq2[dram.Request, error] { return LoadStore("f", strings.NewReader(s)) },
		"LD 0x1f40\nST 8000\n", "LD\n", "ST 0x", "XX 1", "LD 18446744073709551615")
}

func FuzzReadWrite(f *testing.F) {
	m := mapping(f)
	fuzz(f, func(s string) iter.Seq2[dram.Request, error] { return ReadWrite("f", strings.NewReader(s), m) },
		"R 0,1,2,3,100,31\n", "W 0,0,0,0,-1,0", "R 1,2", "W ,,,,,", "R 9,9,9,9,9,9")
}

func ExampleLoadStore() {
	trace := strings.NewReader("LD 0x0\nLD 0x20\nST 0x40\n")
	st, err := Run(dram.HBM2(dram.Ramulator), LoadStore("small.trace", trace), nil)
	fmt.Println(st.Reads, st.Writes, err)
	_, err = Run(dram.HBM2(dram.Ramulator), LoadStore("small.trace", strings.NewReader("LD 0x0\nLOAD 0x20\n")), nil)
	fmt.Println(err)
	// Output:
	// 2 1 <nil>
	// tracefile: small.trace, line 2: operation is "LOAD", must be LD or ST
}
