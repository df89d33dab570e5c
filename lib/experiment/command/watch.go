package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sparse-attention/workbench/lib/progress"
)

// every is the time between two lines of a training that tells nothing but where it is.
const every = 20 * time.Second

// Watch prints what a run tells, each line with the seconds since it began and the run's name.
type Watch struct {
	name        string
	out         io.Writer
	now         func() time.Time
	began, last time.Time
}

// NewWatch begins to watch a run.
func NewWatch(name string) *Watch { return newWatch(name, os.Stdout, time.Now) }

func newWatch(name string, out io.Writer, now func() time.Time) *Watch {
	return &Watch{name: name, out: out, now: now, began: now()}
}

// Printf prints one line.
func (w *Watch) Printf(format string, args ...any) {
	fmt.Fprintf(w.out, "%6.0f s  %s: %s\n", w.now().Sub(w.began).Seconds(), w.name, fmt.Sprintf(format, args...))
}

// Observe is the run's progress.Observer: it prints every evaluation and every note, and where the run is from time to time.
func (w *Watch) Observe(e progress.Event) {
	if !e.Evaluated && e.Note == "" && w.now().Sub(w.last) < every {
		return
	}
	w.last = w.now()
	w.Printf("%s", line(e))
}

// line says what an event holds.
func line(e progress.Event) string {
	var parts []string
	say := func(has bool, format string, args ...any) {
		if has {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	say(e.Phase != "", "%s", e.Phase)
	say(e.Epochs > 1, "epoch %d of %d", e.Epoch, e.Epochs)
	say(e.Steps > 0, "step %d of %d", e.Step, e.Steps)
	say(e.Loss != 0, "loss %.3f", e.Loss)
	say(e.Evaluated && e.Metric != "", "dev %s %.4g", e.Metric, e.Value)
	say(e.Evaluated && e.Metric == "", "accuracy %.4f", e.Accuracy)
	say(e.Evaluated && e.Kept < 1, "kept %.3f", e.Kept)
	say(e.ExamplesPerSecond > 0, "%.1f examples/s", e.ExamplesPerSecond)
	say(e.Remaining > 0, "%s left", e.Remaining.Round(time.Second))
	say(e.Note != "", "%s", e.Note)
	return strings.Join(parts, ", ")
}
