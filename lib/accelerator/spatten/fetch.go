package spatten

import (
	"github.com/sparse-attention/workbench/lib/dram"
)

// Planes of a head in memory.
const (
	keyPlane = iota
	keyLSBPlane
	valuePlane
	queryPlane
	planes
)

// planeTokens is how many vectors a plane has room for: the longest context.
const planeTokens = 1024

// layout says where vectors lie: plane after plane, and in each head after head of layer after layer.
type layout struct {
	heads  int    // of the widest layer
	layers int    // of the model
	stride uint64 // bytes of one head's plane
	skew   uint64 // bytes by which a plane is shifted against the one before
	dim    int
}

func newLayout(w Workload) layout {
	l := layout{dim: w.Rows[0].Dim}
	bits := 4
	for _, r := range w.Rows {
		l.heads, l.layers = max(l.heads, r.Head+1), max(l.layers, r.Layer+1)
		bits = max(bits, width(r.KeyBits), width(r.ValueBits), width(r.QueryBits))
	}
	l.heads += l.heads & 1 // pairs
	const page = 1 << 16   // the authors' design spaces its buffers by 64 KiB
	l.stride = uint64(planeTokens*l.dim*bits/8+page-1) / page * page
	// Streams of keys and values alternate. Shifted by a bank, they leave each other's rows open (assumed).
	l.skew = 1 << 17
	return l
}

func (l layout) base(plane int, r *Row) uint64 {
	return (uint64(plane*l.layers+r.Layer)*uint64(l.heads)+uint64(r.Head))*l.stride + uint64(plane)*l.skew
}

// paired reports whether vectors of two heads are interleaved, because one alone does not fill whole accesses.
func (l layout) paired(bits int) bool { return l.dim*bits%(8*granule) != 0 }

// granule is an access of the memory.
const granule = 32

// fetch is a set of vectors on its way.
type fetch struct {
	left    int     // accesses not yet here
	last    int64   // arrival of the latest
	arrival []int64 // by line
}

// flight counts the reads of one channel.
type flight struct {
	asked, came int64
	arrivals    [flights]int64 // of the latest, by the order in which they came
}

// flights is the most reads that a channel may have outstanding.
const flights = 64

// fetcher turns vectors into addresses, hands them to the memory and collects what comes back.
type fetcher struct {
	memory  *dram.System
	layout  layout
	ports   int
	now     int64 // clock of the address generator
	issued  int   // addresses in it
	open    []fetch
	flight  []flight
	most    int
	depth   int64
	busy    int64 // clocks with addresses
	reads   int64
	writes  []int64 // outputs that wait to be written, by the clock at which they exist
	written uint64
}

func newFetcher(s Spec, w Workload) (*fetcher, error) {
	f := &fetcher{layout: newLayout(w), ports: s.Ports, open: make([]fetch, 3*slots),
		flight: make([]flight, s.Memory.Channels), most: s.Outstanding, depth: int64(s.AddressFIFO)}
	m, err := dram.New(s.Memory, func(c dram.Completion) {
		if c.Kind == dram.Write {
			return
		}
		ch := &f.flight[c.ID>>32]
		ch.arrivals[ch.came%flights] = c.Done
		ch.came++
		o := &f.open[c.ID>>16&0xffff]
		o.left--
		o.last = max(o.last, c.Done)
		if line := c.ID & 0xffff; line < uint64(len(o.arrival)) {
			o.arrival[line] = max(o.arrival[line], c.Done)
		}
	})
	f.memory = m
	return f, err
}

// begin opens slot for a fetch of n lines that may start at clock at.
func (f *fetcher) begin(slot int, n int64, at int64) {
	o := &f.open[slot]
	o.left, o.last = 0, at
	o.arrival = o.arrival[:0]
	for range n {
		o.arrival = append(o.arrival, at)
	}
	if at > f.now {
		f.now, f.issued = at, 0
	}
}

// request asks for one access of a line.
func (f *fetcher) request(slot int, line int, addr uint64) error {
	if f.issued == f.ports {
		f.now++
		f.issued = 0
	}
	if f.issued == 0 {
		f.busy++
	}
	f.issued++
	f.reads++
	channel := addr / granule % uint64(len(f.flight))
	c := &f.flight[channel]
	at := f.now
	if free := c.asked - int64(f.most); free >= 0 {
		if c.came <= free {
			f.memory.Until(func() bool { return c.came > free })
		}
		at = max(at, c.arrivals[free%flights])
	}
	c.asked++
	f.open[slot].left++
	if _, err := f.memory.PushApart(dram.Request{ID: channel<<32 | uint64(slot)<<16 | uint64(line), Addr: addr, At: at}); err != nil {
		return err
	}
	// A request waits in its FIFO no longer than the FIFO is deep; then the generator waits.
	if at-f.depth > f.now {
		f.now, f.issued = at-f.depth, 0
	}
	return nil
}

// vectors asks for the vectors of ids, at a stride of bits, per of them a line. both brings the neighbour head's too.
func (f *fetcher) vectors(slot int, base uint64, ids []int32, bits, per int, both bool) error {
	size := uint64(f.layout.dim * bits / 8)
	if both {
		size *= 2
	}
	last := ^uint64(0)
	for i, id := range ids {
		from := base + uint64(id)*size
		for a := from &^ (granule - 1); a < from+size; a += granule {
			if a == last {
				continue // two vectors share it
			}
			last = a
			if err := f.request(slot, i/per, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// wait works the memory until all of slot is here.
func (f *fetcher) wait(slot int) *fetch {
	o := &f.open[slot]
	f.memory.Until(func() bool { return o.left == 0 })
	return o
}

// output notes n accesses to be written that exist at clock at; the address generator writes them when it is next used
// after that.
func (f *fetcher) output(n int, at int64) {
	for range n {
		f.writes = append(f.writes, at)
	}
}

// flush writes what exists by now, or everything.
func (f *fetcher) flush(all bool) error {
	i := 0
	for ; i < len(f.writes) && (all || f.writes[i] <= f.now); i++ {
		f.now = max(f.now, f.writes[i])
		// Outputs lie behind all planes.
		base := uint64(planes*f.layout.layers*f.layout.heads)*f.layout.stride + planes*f.layout.skew
		if _, err := f.memory.PushApart(dram.Request{Addr: base + f.written%(1<<24)*granule, At: f.now, Kind: dram.Write}); err != nil {
			return err
		}
		f.written++
	}
	f.writes = append(f.writes[:0], f.writes[i:]...)
	return nil
}
