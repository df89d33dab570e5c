package runner

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sparse-attention/workbench/kernel/jupyter"
	"github.com/sparse-attention/workbench/kernel/notebook"
)

// CellError says that a cell failed.
type CellError struct {
	Notebook string // path
	Cell     int    // position among all cells, from 1
	Count    int    // the number in In [n]
	Line     int    // in the cell, from 1; 0 = unknown, or in an earlier cell
	Source   string // the line at fault
	Message  string // what Go says, one line
	Err      error  // ErrDied, a timeout, or nil
}

// Error is one line.
func (e *CellError) Error() string {
	at := fmt.Sprintf("cell %d (In [%d])", e.Cell, e.Count)
	if e.Line > 0 {
		at += fmt.Sprintf(", line %d", e.Line)
	}
	return fmt.Sprintf("%s: %s: %s", e.Notebook, at, e.Message)
}

// Unwrap is the cause when it was not the code.
func (e *CellError) Unwrap() error { return e.Err }

var (
	ansi = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// GoNB marks a line of a compiler's message and one of a stack trace in two ways.
	compilerMark = regexp.MustCompile(`^Cell\[(\d+)\]: Line (\d+)\n`)
	traceMark    = regexp.MustCompile(`\[\[ Cell \[(\d+)\] Line (\d+) \]\]`)
	programPlace = regexp.MustCompile(`\bgonb/main\.go:(\d+)`) // as scrubber leaves it
	exitMark     = regexp.MustCompile(`^(\^C|exit status \d+|signal: .*)$`)
)

// explain finds the message and the place in what the kernel reported. sources are the cells by their number In [n]; program is
// what GoNB made of them, nil where it cannot be read.
func (e *CellError) explain(reply jupyter.Reply, outputs []notebook.Output, sources map[int]string, program []string) {
	e.Message = firstMessage(reply)
	for _, entry := range reply.Traceback {
		entry = ansi.ReplaceAllString(entry, "")
		if m := compilerMark.FindStringSubmatch(entry); m != nil {
			e.Message = lastLine(entry)
			e.place(m[1], m[2], sources)
			return
		}
	}
	for _, out := range outputs {
		if out.Type != notebook.Stream || out.Name != "stderr" {
			continue
		}
		text := ansi.ReplaceAllString(out.Text, "")
		if said := said(text); said != "" {
			e.Message = said
		}
		if m := traceMark.FindStringSubmatch(text); m != nil {
			e.place(m[1], m[2], sources)
		} else if m := programPlace.FindStringSubmatch(text); m != nil {
			e.find(m[1], sources, program)
		}
	}
}

// find looks for a line of the program in the cell. GoNB marks a stack trace as it is read, piece by piece: a line that arrives in
// two pieces is left without its mark. A text that stands in the cell more than once has no place.
func (e *CellError) find(line string, sources map[int]string, program []string) {
	n, _ := strconv.Atoi(line)
	if n < 1 || n > len(program) {
		return
	}
	text, at := strings.TrimSpace(program[n-1]), 0
	for i, l := range strings.Split(sources[e.Count], "\n") {
		if strings.TrimSpace(l) != text {
			continue
		}
		if at > 0 {
			return
		}
		at = i + 1
	}
	if at > 0 && text != "" {
		e.Line, e.Source = at, text
	}
}

func (e *CellError) place(count, line string, sources map[int]string) {
	n, _ := strconv.Atoi(count)
	l, _ := strconv.Atoi(line)
	lines := strings.Split(sources[n], "\n")
	if l < 1 || l > len(lines) {
		return
	}
	e.Source = strings.TrimSpace(lines[l-1])
	if n == e.Count {
		e.Line = l
	} else { // the fault lies in what an earlier cell declares
		e.Message = fmt.Sprintf("%s (line %d of In [%d])", e.Message, l, n)
	}
}

// said is what a program that failed wrote on standard error: its panic, else its last line before its exit status.
func said(text string) string {
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
		if line != "" && !exitMark.MatchString(line) {
			last = line
		}
	}
	return last
}

// firstMessage is the first line of the reply that says something; lines with # name the package being built.
func firstMessage(reply jupyter.Reply) string {
	for line := range strings.Lines(ansi.ReplaceAllString(reply.Value, "")) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return reply.Name
}
