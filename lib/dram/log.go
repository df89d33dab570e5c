package dram

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
)

// LogWriter writes a command log as text, one command a line: clock, command, channel, rank, group, bank, row and
// column, separated by blanks; -1 stands for what a command does not name. Hand its Record to System.Log and call Flush
// at the end.
type LogWriter struct {
	w   *bufio.Writer
	err error
}

// NewLogWriter writes to w.
func NewLogWriter(w io.Writer) *LogWriter { return &LogWriter{w: bufio.NewWriter(w)} }

// Record writes one command; after an error nothing more is written.
func (l *LogWriter) Record(c Command) {
	if l.err == nil {
		_, l.err = fmt.Fprintf(l.w, "%d %s %d %d %d %d %d %d\n", c.At, c.Op, c.Channel, c.Rank, c.Group, c.Bank, c.Row, c.Column)
	}
}

// Flush writes what is left and returns the first error.
func (l *LogWriter) Flush() error {
	if l.err != nil {
		return l.err
	}
	return l.w.Flush()
}

// ReadLog reads what a LogWriter wrote, skipping empty lines. A bad line ends the sequence with an error that names its
// number.
func ReadLog(r io.Reader) iter.Seq2[Command, error] {
	return func(yield func(Command, error) bool) {
		in := bufio.NewScanner(r)
		for n := 1; in.Scan(); n++ {
			line := strings.TrimSpace(in.Text())
			if line == "" {
				continue
			}
			c, err := parseCommand(line)
			if err != nil {
				yield(Command{}, fmt.Errorf("dram: command log, line %d: %w", n, err))
				return
			}
			if !yield(c, nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield(Command{}, fmt.Errorf("dram: command log: %w", err))
		}
	}
}

func parseCommand(line string) (Command, error) {
	f := strings.Fields(line)
	if len(f) != 8 {
		return Command{}, fmt.Errorf("has %d fields, must have 8: clock, command, channel, rank, group, bank, row, column", len(f))
	}
	var c Command
	c.Op = numOps
	for o, name := range opNames {
		if f[1] == name {
			c.Op = Op(o)
		}
	}
	if c.Op == numOps {
		return Command{}, fmt.Errorf("command is %q, must be one of %v", f[1], opNames)
	}
	if _, err := fmt.Sscanf(f[0], "%d", &c.At); err != nil || fmt.Sprint(c.At) != f[0] || c.At < 0 {
		return Command{}, fmt.Errorf("clock is %q, must be a number of at least 0", f[0])
	}
	for i, p := range []*int{&c.Channel, &c.Rank, &c.Group, &c.Bank, &c.Row, &c.Column} {
		if _, err := fmt.Sscanf(f[i+2], "%d", p); err != nil || fmt.Sprint(*p) != f[i+2] || *p < -1 {
			return Command{}, fmt.Errorf("field %d is %q, must be a number of at least -1", i+3, f[i+2])
		}
	}
	return c, nil
}
