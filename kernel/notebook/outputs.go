package notebook

import (
	"strings"
	"sync"
)

// Collector gathers the outputs of a notebook's cells while they run. Displays that carry an id can be updated by any
// later cell. Its methods and those of its Outputs may be called from several goroutines.
type Collector struct {
	// Scrub, if set, is applied to every text that is kept: it takes out what differs from run to run.
	Scrub func(string) string

	mu       sync.Mutex
	displays map[string][]*Output
}

// Outputs gathers those of one cell.
//
// The kernel sends text and figures by two pipes that nobody synchronises, so the order in which they arrive differs from
// run to run. The order kept is: standard output, standard error, figures and results in the order in which they were
// shown, the error. Inside each of these the order is the cell's own.
type Outputs struct {
	c              *Collector
	stdout, stderr strings.Builder
	shown          []*Output
	failure        *Output
	clear          bool // at the next output
}

// Cell starts the outputs of a cell.
func (c *Collector) Cell() *Outputs { return &Outputs{c: c} }

// begin locks, and forgets what was shown before when a clear_output waits for its successor.
func (o *Outputs) begin() func() {
	o.c.mu.Lock()
	if o.clear {
		o.reset()
	}
	return o.c.mu.Unlock
}

func (o *Outputs) reset() {
	o.stdout.Reset()
	o.stderr.Reset()
	o.shown, o.failure, o.clear = nil, nil, false
}

// Stream adds text to "stdout" or "stderr".
func (o *Outputs) Stream(name, text string) {
	defer o.begin()()
	if name == "stderr" {
		o.stderr.WriteString(text)
	} else {
		o.stdout.WriteString(text)
	}
}

// Show adds a display or a result; id may be empty.
func (o *Outputs) Show(out Output, id string) {
	defer o.begin()()
	o.shown = append(o.shown, &out)
	if id != "" {
		if o.c.displays == nil {
			o.c.displays = map[string][]*Output{}
		}
		o.c.displays[id] = append(o.c.displays[id], &out)
	}
}

// Update replaces the content of every display shown with this id; an id never shown is ignored, as Jupyter does.
func (o *Outputs) Update(data, metadata map[string]any, id string) {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	for _, out := range o.c.displays[id] {
		out.Data, out.Metadata = data, metadata
	}
}

// Fail sets the error that ended the cell.
func (o *Outputs) Fail(name, value string, traceback []string) {
	defer o.begin()()
	o.failure = &Output{Type: Error, ErrorName: name, ErrorValue: value, Traceback: traceback}
}

// Clear forgets what was shown, now or, with wait, when the next output comes.
func (o *Outputs) Clear(wait bool) {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	if wait {
		o.clear = true
	} else {
		o.reset()
	}
}

// List returns the outputs in the order documented at Outputs.
func (o *Outputs) List() []Output {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	var list []Output
	for _, s := range []struct{ name, text string }{{"stdout", o.stdout.String()}, {"stderr", o.stderr.String()}} {
		if s.text != "" {
			list = append(list, Output{Type: Stream, Name: s.name, Text: s.text})
		}
	}
	for _, out := range o.shown {
		list = append(list, *out)
	}
	if o.failure != nil {
		list = append(list, *o.failure)
	}
	if o.c.Scrub != nil {
		for i := range list {
			list[i] = scrub(list[i], o.c.Scrub)
		}
	}
	return list
}

func scrub(out Output, text func(string) string) Output {
	out.Text, out.ErrorValue = text(out.Text), text(out.ErrorValue)
	var lines []string
	for _, line := range out.Traceback {
		lines = append(lines, text(line))
	}
	out.Traceback = lines
	if out.Data != nil {
		data := make(map[string]any, len(out.Data))
		for mime, content := range out.Data {
			data[mime] = content
			if s, ok := content.(string); ok && isText(mime) {
				data[mime] = text(s)
			}
		}
		out.Data = data
	}
	return out
}
