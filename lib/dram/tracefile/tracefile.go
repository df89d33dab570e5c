// Package tracefile reads and writes memory traces in the line formats of two public simulators.
//
//   - DRAMsim3: "0x1F40 READ 120", an address in hexadecimal, an operation and the clock at which it may start.
//   - Ramulator 2, load-store: "LD 0x1f40" or "ST 8000", an address in hexadecimal or decimal; no clock.
//   - Ramulator 2, read-write: "R 0,1,2,3,100,16", the coordinates channel, rank (or pseudo channel), bank group, bank,
//     row and column in bursts; no clock.
//
// Readers yield one request after another, with IDs that count from 0, so that a trace of any length takes no memory.
// Empty lines are skipped. The first bad line ends the sequence with an error that names the file and the line.
package tracefile

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/sparse-attention/workbench/lib/dram"
)

// operations are the words for reads and writes that DRAMsim3 takes.
var operations = map[string]dram.Kind{
	"READ": dram.Read, "read": dram.Read, "P_MEM_RD": dram.Read, "P_FETCH": dram.Read,
	"WRITE": dram.Write, "write": dram.Write, "P_MEM_WR": dram.Write, "BOFF": dram.Write,
}

// DRAMsim3 reads a DRAMsim3 trace; name stands for the file in errors.
func DRAMsim3(name string, r io.Reader) iter.Seq2[dram.Request, error] {
	return lines(name, r, func(f []string) (q dram.Request, err error) {
		if len(f) != 3 {
			return q, fmt.Errorf("has %d fields, must have 3: address, operation, clock", len(f))
		}
		if q.Addr, err = hexadecimal(f[0]); err != nil {
			return q, err
		}
		kind, ok := operations[f[1]]
		if !ok {
			return q, fmt.Errorf("operation is %q, must be READ or WRITE", f[1])
		}
		q.Kind = kind
		if q.At, err = strconv.ParseInt(f[2], 10, 64); err != nil || q.At < 0 {
			return q, fmt.Errorf("clock is %q, must be a number of at least 0", f[2])
		}
		return q, nil
	})
}

// LoadStore reads a load-store trace of Ramulator 2.
func LoadStore(name string, r io.Reader) iter.Seq2[dram.Request, error] {
	return lines(name, r, func(f []string) (q dram.Request, err error) {
		if len(f) != 2 {
			return q, fmt.Errorf("has %d fields, must have 2: LD or ST, address", len(f))
		}
		switch f[0] {
		case "LD":
		case "ST":
			q.Kind = dram.Write
		default:
			return q, fmt.Errorf("operation is %q, must be LD or ST", f[0])
		}
		if strings.HasPrefix(f[1], "0x") || strings.HasPrefix(f[1], "0X") {
			q.Addr, err = hexadecimal(f[1])
		} else if q.Addr, err = strconv.ParseUint(f[1], 10, 63); err != nil {
			err = fmt.Errorf("address is %q, must be a number of at most 63 bits", f[1])
		}
		return q, err
	})
}

// ReadWrite reads a read-write trace of Ramulator 2, whose coordinates m turns into addresses.
func ReadWrite(name string, r io.Reader, m *dram.Mapping) iter.Seq2[dram.Request, error] {
	return lines(name, r, func(f []string) (q dram.Request, err error) {
		if len(f) != 2 {
			return q, fmt.Errorf("has %d fields, must have 2: R or W, coordinates", len(f))
		}
		switch f[0] {
		case "R":
		case "W":
			q.Kind = dram.Write
		default:
			return q, fmt.Errorf("operation is %q, must be R or W", f[0])
		}
		words := strings.Split(f[1], ",")
		var l dram.Location
		at := []*int{&l.Channel, &l.Rank, &l.Group, &l.Bank, &l.Row, &l.Column}
		if len(words) != len(at) {
			return q, fmt.Errorf("has %d coordinates, must have %d: channel, rank, group, bank, row, column", len(words), len(at))
		}
		for i, w := range words {
			if *at[i], err = strconv.Atoi(w); err != nil {
				return q, fmt.Errorf("coordinate %d is %q, must be a number", i+1, w)
			}
		}
		q.Addr, err = m.Address(l)
		return q, err
	})
}

// hexadecimal reads an address, with or without 0x, as DRAMsim3 does.
func hexadecimal(s string) (uint64, error) {
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	v, err := strconv.ParseUint(digits, 16, 63)
	if err != nil {
		return 0, fmt.Errorf("address is %q, must be hexadecimal of at most 63 bits", s)
	}
	return v, nil
}

// lines yields what parse makes of the fields of each line.
func lines(name string, r io.Reader, parse func([]string) (dram.Request, error)) iter.Seq2[dram.Request, error] {
	return func(yield func(dram.Request, error) bool) {
		in := bufio.NewScanner(r)
		n, id := 0, uint64(0)
		for in.Scan() {
			n++
			f := strings.Fields(in.Text())
			if len(f) == 0 {
				continue
			}
			q, err := parse(f)
			if err != nil {
				yield(dram.Request{}, fmt.Errorf("tracefile: %s, line %d: %w", name, n, err))
				return
			}
			q.ID = id
			id++
			if !yield(q, nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield(dram.Request{}, fmt.Errorf("tracefile: %s, line %d: %w", name, n+1, err))
		}
	}
}

// Run plays a trace on a memory. A bad line or a refused request ends it with an error.
func Run(s dram.Spec, trace iter.Seq2[dram.Request, error], done func(dram.Completion)) (dram.Stats, error) {
	var bad error
	st, err := dram.Run(s, func(yield func(dram.Request) bool) {
		for q, err := range trace {
			if err != nil {
				bad = err
				return
			}
			if !yield(q) {
				return
			}
		}
	}, done)
	if bad != nil {
		return dram.Stats{}, bad
	}
	return st, err
}

// WriteDRAMsim3 writes requests as a DRAMsim3 trace. Only reads and writes have a form there.
func WriteDRAMsim3(w io.Writer, requests iter.Seq[dram.Request]) error {
	return write(w, requests, func(out *bufio.Writer, q dram.Request) {
		op := "READ"
		if q.Kind == dram.Write {
			op = "WRITE"
		}
		fmt.Fprintf(out, "0x%X %s %d\n", q.Addr, op, q.At)
	})
}

// WriteLoadStore writes requests as a load-store trace of Ramulator 2, which has no clocks.
func WriteLoadStore(w io.Writer, requests iter.Seq[dram.Request]) error {
	return write(w, requests, func(out *bufio.Writer, q dram.Request) {
		op := "LD"
		if q.Kind == dram.Write {
			op = "ST"
		}
		fmt.Fprintf(out, "%s 0x%x\n", op, q.Addr)
	})
}

func write(w io.Writer, requests iter.Seq[dram.Request], line func(*bufio.Writer, dram.Request)) error {
	out := bufio.NewWriter(w) // keeps the first error for Flush
	for q := range requests {
		if q.Kind > dram.Write {
			return fmt.Errorf("tracefile: request %d is a %v, must be a read or a write", q.ID, q.Kind)
		}
		line(out, q)
	}
	return out.Flush()
}
