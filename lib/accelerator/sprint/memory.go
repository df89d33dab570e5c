package sprint

import (
	"fmt"
	"strings"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Memory is the main memory of the presets: dram.ReRAM, moved in half bursts of 32 bytes, because that is what either kind of
// bank holds of a 64-byte key (assumed: the part's tCCD of 2 clocks lets half bursts follow each other without a gap).
func Memory() dram.Spec {
	m := dram.ReRAM()
	m.AccessBytes /= 2
	m.Timing.Burst /= 2
	m.Bursts *= 2
	m.Energy.ReadBurst /= 2
	m.Energy.WriteBurst /= 2
	m.Energy.ReadPruning /= 2
	return m
}

// main is Spec.Memory with tAxTh in its own clocks.
func (s Spec) main() dram.Spec {
	m := s.Memory
	if s.TAxThClock != 0 && s.TAxThClock != m.Clock {
		m.Timing.TAxTh = int(mulDivUp(int64(m.Timing.TAxTh), int64(m.Clock), int64(s.TAxThClock)))
	}
	return m
}

// validateMemory reports what about the memory no machine can have.
func (s Spec) validateMemory() error {
	if err := s.Memory.Validate(); err != nil {
		return fmt.Errorf("sprint: Spec.Memory: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if !s.Memory.InMemory {
		return fmt.Errorf("sprint: Spec.Memory.InMemory is false, must be true: the arrays threshold")
	}
	if n := s.Memory.BanksPerChannel() - 1; s.TransposableBanks < 1 || s.TransposableBanks > n {
		return fmt.Errorf("sprint: Spec.TransposableBanks is %d, must be in 1..%d (all banks of a channel but one)", s.TransposableBanks, n)
	}
	if !(s.TAxThClock == 0 || s.TAxThClock >= 1 && s.TAxThClock <= 1e12) {
		return fmt.Errorf("sprint: Spec.TAxThClock is %v, must be 0 (that of Memory) or in 1..1e12 Hz", float64(s.TAxThClock))
	}
	return nil
}

// placement says where the keys and values of a head lie. Key j is on channel j mod Channels, and the keys of a channel go
// round its banks: the upper half of the key in a transposable bank, in a row of its own, because a transposed read drives one
// word line along one key; the lower half in a standard bank, in one row with the key's value and with other keys.
type placement struct {
	half, whole int      // accesses of half a key, and of a value
	upper       []uint64 // addresses of key j's upper half, half of them from upper[j*half]
	lower       []uint64 // of its lower half and its value, half+whole of them
	arrays      []array  // that are thresholded
}

// array is a transposable bank that holds keys.
type array struct {
	addr  uint64
	reads int // ReadP accesses for one bit of each of its keys
}

// accesses is how many of them move bytes.
func (s Spec) accesses(bytes int) int {
	return (bytes + s.Memory.AccessBytes - 1) / s.Memory.AccessBytes
}

// round is how many neighbouring keys it takes to use all channels and banks alike.
func (s Spec) round() int {
	return s.Memory.Channels * s.TransposableBanks * (s.Memory.BanksPerChannel() - s.TransposableBanks)
}

// stores reports a head for which the memory has no room.
func (s Spec) stores(h *attention.Head) error {
	m := s.Memory
	perKey := s.accesses((h.Dim+1)/2) + s.accesses(h.Dim) // in a standard row, which has more than the transposable one
	if perKey > m.Bursts {
		return fmt.Errorf("sprint: Workload.Head.Dim is %d, must leave room for half a key and its value in a row of %d B", h.Dim, int64(m.RowBytes()))
	}
	standard := m.BanksPerChannel() - s.TransposableBanks
	if most := m.Channels * m.Rows * min(s.TransposableBanks, standard*(m.Bursts/perKey)); h.Tokens > most {
		return fmt.Errorf("sprint: Workload.Head.Tokens is %d, must be at most %d, which is what Spec.Memory holds", h.Tokens, most)
	}
	return nil
}

// place gives every key and value of a head its addresses.
func (s Spec) place(h *attention.Head) *placement {
	m := s.Memory
	mapping, err := dram.ParseMapping(m)
	if err != nil {
		panic("sprint: a valid Spec has no mapping: " + err.Error())
	}
	at := func(channel, bank, row, column int) uint64 {
		group := bank / m.Banks
		a, err := mapping.Address(dram.Location{Channel: channel, Rank: group / m.Groups, Group: group % m.Groups, Bank: bank % m.Banks, Row: row, Column: column})
		if err != nil {
			panic("sprint: a key that fits has no address: " + err.Error())
		}
		return a
	}
	p := &placement{half: s.accesses((h.Dim + 1) / 2), whole: s.accesses(h.Dim)}
	transposable, standard := s.TransposableBanks, m.BanksPerChannel()-s.TransposableBanks
	perKey := p.half + p.whole
	perRow := m.Bursts / perKey
	keys := make([]int, transposable*m.Channels) // that are thresholded, by array
	for j := range h.Tokens {
		channel, slot := j%m.Channels, j/m.Channels
		bank := slot % transposable
		for i := range p.half {
			p.upper = append(p.upper, at(channel, bank, slot/transposable, i))
		}
		index := slot / standard
		for i := range perKey {
			p.lower = append(p.lower, at(channel, transposable+slot%standard, index/perRow, index%perRow*perKey+i))
		}
		if j < h.Valid {
			keys[bank*m.Channels+channel]++
		}
	}
	for i, n := range keys {
		if n > 0 {
			p.arrays = append(p.arrays, array{at(i%m.Channels, i/m.Channels, 0, 0), s.accesses((n + 7) / 8)})
		}
	}
	return p
}

// thresholding is the time from CopyQ to the last bit of a pruning vector on an idle memory, in memory clocks: tCL, tAxTh,
// and a read of the share of each channel (reference sheet, 4.3).
func (s Spec) thresholding(keys int) unit.Cycles {
	m := s.main()
	bytes := ((keys+m.Channels-1)/m.Channels + 7) / 8
	edge := m.BusBits / 8 * 2 // bytes a clock
	return unit.Cycles(m.Timing.CL + m.Timing.TAxTh + m.Timing.CL + (bytes+edge-1)/edge)
}
