package dram

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestFirstRandomRead is section 2.4: where the first random read, 0x973040, lies in each order of set B.
func TestFirstRandomRead(t *testing.T) {
	for _, c := range []struct {
		mapping string
		addr    uint64
		want    Location
	}{
		{"robaco4bgpcchco1", 0x973040, Location{1, 0, 0, 3, 37, 6}},
		{"robaco4bgpcchco1", 0x973060, Location{1, 0, 0, 3, 37, 7}},
		{"robacobgchpc", 0x973040, Location{1, 0, 0, 3, 37, 6}},
		{"robacobgchpc", 0x973060, Location{1, 1, 0, 3, 37, 6}},
		{"robacobgpcch", 0x973040, Location{2, 0, 0, 3, 37, 6}},
		{"robacobgpcch", 0x973060, Location{3, 0, 0, 3, 37, 6}},
	} {
		s := HBM2(Ramulator)
		s.Mapping = c.mapping
		m, err := ParseMapping(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Locate(c.addr); err != nil || got != c.want {
			t.Errorf("%s: %#x is at %+v, must be %+v (%v)", c.mapping, c.addr, got, c.want, err)
		}
	}
}

// TestChannelCounts is section 2.3: requests per channel of the random trace.
func TestChannelCounts(t *testing.T) {
	s := HBM2(DRAMsim3)
	for _, c := range []struct {
		mapping string
		want    [8]int
	}{
		{"rorabacobgch", [8]int{124388, 125103, 124632, 125430, 125505, 124468, 124618, 125856}},
	} {
		s.Mapping = c.mapping
		m, err := ParseMapping(s)
		if err != nil {
			t.Fatal(err)
		}
		var got [8]int
		for a := range Random(1_000_000, 1, 1<<30, 64) {
			l, err := m.Locate(a)
			if err != nil {
				t.Fatal(err)
			}
			got[l.Channel]++
		}
		if got != c.want {
			t.Errorf("%s: %v, must be %v", c.mapping, got, c.want)
		}
	}
}

// TestRoundTrip: Address undoes Locate for any order of the fields.
func TestRoundTrip(t *testing.T) {
	fields := []string{"ch", "ra", "bg", "ba", "ro", "co2", "co"}
	rapid.Check(t, func(t *rapid.T) {
		s := HBM2([]Reading{DRAMsim3, Ramulator}[rapid.IntRange(0, 1).Draw(t, "set")])
		s.Mapping = strings.Join(rapid.Permutation(fields).Draw(t, "order"), "")
		m, err := ParseMapping(s)
		if err != nil {
			t.Fatal(err)
		}
		a := rapid.Uint64Range(0, uint64(s.Capacity())-1).Draw(t, "address") &^ uint64(s.AccessBytes-1)
		l, err := m.Locate(a)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := m.Address(l); err != nil || back != a {
			t.Fatalf("%s: %#x -> %+v -> %#x, %v", s.Mapping, a, l, back, err)
		}
	})
}

func TestBadMappings(t *testing.T) {
	for mapping, want := range map[string]string{
		"rorabacobg":        "must name ch, which has 3 bits",
		"rorabacobgchch":    "must name ch once",
		"rorabacobgchxx":    `not "xx"`,
		"rorabaco4bgch":     "must give co 5 bits in all, not 4",
		"rorabaco6bgchco":   "must give co 5 bits in all, not 6",
		"":                  "must name ch",
		"rorabaco4bgchco2":  "must give co 5 bits in all, not 6",
		"ro999rabacobgch":   "must give ro 15 bits",
		"rorabacobgch\x00":  "must be made of",
		"ROrabacobgch":      "must be made of",
		"rorabacobgc":       "must be made of",
		"rorabacoco4bgchco": "must name co once",
	} {
		s := HBM2(DRAMsim3)
		s.Mapping = mapping
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Spec.Mapping") {
			t.Errorf("%q: error is %v, must name %q", mapping, err, want)
		}
	}
	m, err := ParseMapping(HBM2(DRAMsim3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Locate(1 << 33); err == nil {
		t.Error("an address at the capacity of 8 GiB was located")
	}
	for _, l := range []Location{{Channel: 8}, {Row: -1}, {Row: 1 << 15}, {Column: 32}, {Rank: 1}, {Rank: -1}} {
		if a, err := m.Address(l); err == nil {
			t.Errorf("%+v became address %#x", l, a)
		}
	}
}

func FuzzMapping(f *testing.F) {
	for _, s := range []string{"rorabacobgch", "robaco4bgpcchco1", "ro0", "co99999999999999999999", "chrabgbaroco5co0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, mapping string) {
		s := HBM2(Ramulator)
		s.Mapping = mapping
		m, err := ParseMapping(s)
		if err != nil {
			return
		}
		for _, a := range []uint64{0, 0x973040, uint64(s.Capacity()) - 32} {
			l, err := m.Locate(a)
			if err != nil {
				t.Fatalf("%q: %#x: %v", mapping, a, err)
			}
			if back, err := m.Address(l); err != nil || back != a {
				t.Fatalf("%q: %#x -> %+v -> %#x, %v", mapping, a, l, back, err)
			}
		}
	})
}
