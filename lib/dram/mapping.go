package dram

import (
	"fmt"
	"math/bits"
	"strings"
)

// Field is a part of an address.
type Field uint8

const (
	FieldChannel Field = iota
	FieldRank
	FieldGroup
	FieldBank
	FieldRow
	FieldColumn
	numFields
)

var fieldTokens = [numFields]string{"ch", "ra", "bg", "ba", "ro", "co"}

// Location is where an address lies: Bank counts within its group, Column in bursts.
type Location struct {
	Channel, Rank, Group, Bank, Row, Column int
}

// piece moves width bits of the burst number, from shift on, to bit to of a field.
type piece struct {
	field     Field
	shift, to uint8
	mask      uint64
}

// Mapping takes addresses apart and puts them together.
type Mapping struct {
	offset   uint // bits within an access
	capacity uint64
	pieces   []piece
}

// ParseMapping reads Spec.Mapping: the fields of an address from the most significant on, with tokens ch channel,
// ra or pc rank or pseudo channel, bg bank group, ba bank, ro row, co column (in bursts). A token alone stands for all bits of its field that no other token takes; a number
// behind it takes that many, so that "robaco4bgpcchco1" keeps the lowest column bit below the channel.
// A field that is missing, repeated, or does not add up is refused.
func ParseMapping(s Spec) (*Mapping, error) {
	size := [numFields]int{s.Channels, s.Ranks, s.Groups, s.Banks, s.Rows, s.Bursts}
	fail := func(format string, a ...any) (*Mapping, error) {
		return nil, fmt.Errorf("dram: Spec.Mapping is %q, %s", s.Mapping, fmt.Sprintf(format, a...))
	}
	type token struct {
		field Field
		width int // -1: what is left
	}
	var tokens []token
	for rest := s.Mapping; rest != ""; {
		t := token{numFields, -1}
		for f, name := range fieldTokens {
			if strings.HasPrefix(rest, name) || f == int(FieldRank) && strings.HasPrefix(rest, "pc") {
				t.field = Field(f)
			}
		}
		if t.field == numFields {
			return fail("must be made of ch, ra (or pc), bg, ba, ro and co, not %q", rest)
		}
		rest = rest[2:]
		digits := 0
		for digits < len(rest) && digits < 3 && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits > 0 {
			t.width = 0
			for _, d := range rest[:digits] {
				t.width = 10*t.width + int(d-'0')
			}
			rest = rest[digits:]
		}
		tokens = append(tokens, t)
	}
	var taken, open, seen [numFields]int
	for _, t := range tokens {
		seen[t.field]++
		if t.width < 0 {
			open[t.field]++
		} else {
			taken[t.field] += t.width
		}
	}
	for f := range numFields {
		width := bits.Len(uint(size[f])) - 1
		switch {
		case seen[f] == 0:
			return fail("must name %s, which has %d bits", fieldTokens[f], width)
		case open[f] > 1:
			return fail("must name %s once, or give its parts a width", fieldTokens[f])
		case taken[f] > width || open[f] == 0 && taken[f] != width:
			return fail("must give %s %d bits in all, not %d", fieldTokens[f], width, taken[f])
		}
		for i, t := range tokens {
			if t.field == f && t.width < 0 {
				tokens[i].width = width - taken[f]
			}
		}
	}
	m := &Mapping{offset: uint(bits.Len(uint(s.AccessBytes)) - 1), capacity: uint64(s.Capacity())}
	shift := int(m.offset)
	var to [numFields]int
	for i := len(tokens) - 1; i >= 0; i-- {
		t := tokens[i]
		if t.width > 0 {
			m.pieces = append(m.pieces, piece{t.field, uint8(shift), uint8(to[t.field]), 1<<t.width - 1})
		}
		shift += t.width
		to[t.field] += t.width
	}
	return m, nil
}

// decode is Locate without checks: the fields in the order of Field.
func (m *Mapping) decode(addr uint64) (f [numFields]uint32) {
	for i := range m.pieces {
		p := &m.pieces[i]
		f[p.field] |= uint32(addr >> p.shift & p.mask << p.to)
	}
	return f
}

// Locate takes an address apart. Bits within an access are ignored; an address beyond the capacity is refused.
func (m *Mapping) Locate(addr uint64) (Location, error) {
	if addr >= m.capacity {
		return Location{}, fmt.Errorf("dram: address is %#x, must be below the capacity %#x", addr, m.capacity)
	}
	f := m.decode(addr)
	return Location{int(f[FieldChannel]), int(f[FieldRank]), int(f[FieldGroup]), int(f[FieldBank]), int(f[FieldRow]), int(f[FieldColumn])}, nil
}

// Address is the inverse of Locate: the first byte of the access at l. A coordinate out of range is refused.
func (m *Mapping) Address(l Location) (uint64, error) {
	in := [numFields]int{l.Channel, l.Rank, l.Group, l.Bank, l.Row, l.Column}
	var addr uint64
	for _, p := range m.pieces {
		if in[p.field] < 0 {
			return 0, fmt.Errorf("dram: %s is %d, must not be negative", fieldTokens[p.field], in[p.field])
		}
		addr |= uint64(in[p.field]) >> p.to & p.mask << p.shift
	}
	back := m.decode(addr)
	for f, v := range in {
		if int(back[f]) != v {
			return 0, fmt.Errorf("dram: %s is %d, must fit the %d bits that Spec.Mapping gives it", fieldTokens[f], v, m.width(Field(f)))
		}
	}
	return addr, nil
}

func (m *Mapping) width(f Field) (n int) {
	for _, p := range m.pieces {
		if p.field == f {
			n += bits.Len64(p.mask)
		}
	}
	return n
}
