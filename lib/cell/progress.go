package cell

import (
	"fmt"
	"html"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/sparse-attention/workbench/lib/progress"
)

// Progress returns an observer for a training run. In a notebook it is a block that is drawn anew a few times a second, in a
// terminal a bar, elsewhere a line every five seconds. After each evaluation and after the last step the block holds only
// what is the same in every run: "fine-tune: epoch 4 of 4, dev accuracy 81.2 %".
func Progress() progress.Observer {
	switch {
	case gonbui.IsNotebook:
		id := "progress_" + gonbui.UniqueId()
		return watch(250*time.Millisecond, time.Now, func(text string, settled bool) {
			gonbui.UpdateHTML(id, "<pre>"+html.EscapeString(text)+"</pre>")
			if settled {
				gonbui.Sync()
			}
		})
	case terminal(os.Stderr):
		return watch(100*time.Millisecond, time.Now, bar(stderr()))
	default:
		return watch(5*time.Second, time.Now, lines(stderr()))
	}
}

// watch turns events into texts for draw, at most one in an interval; settled texts, which hold neither time nor speed, are
// always drawn. The text has a line for each phase that has settled, and notes; the live line comes last.
func watch(interval time.Duration, now func() time.Time, draw func(text string, settled bool)) progress.Observer {
	var mu sync.Mutex
	var phases, notes []string
	results := make(map[string]string)
	var last time.Time
	return func(e progress.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Note != "" {
			notes = append(notes, e.Note)
		}
		settled := e.Evaluated || e.Note != "" || e.Steps > 0 && e.Step >= e.Steps
		if settled {
			if _, ok := results[e.Phase]; !ok {
				phases = append(phases, e.Phase)
			}
			if e.Evaluated || results[e.Phase] == "" {
				results[e.Phase] = result(e)
			}
		} else if now().Sub(last) < interval {
			return
		}
		last = now()
		var text []string
		text = append(text, notes...)
		for _, p := range phases {
			if r := results[p]; r != "" {
				text = append(text, r)
			}
		}
		if !settled {
			text = append(text, live(e))
		}
		draw(strings.Join(text, "\n"), settled)
	}
}

// result is what an event says that every run says: no time, no speed.
func result(e progress.Event) string {
	if e.Epochs == 0 && !e.Evaluated {
		return ""
	}
	s := e.Phase + ":"
	if e.Epochs > 0 {
		s += fmt.Sprintf(" epoch %d of %d", e.Epoch, e.Epochs)
	}
	if e.Evaluated {
		if e.Metric == "" || e.Metric == "accuracy" {
			s += fmt.Sprintf(", dev accuracy %.1f %%", 100*e.Accuracy)
		} else {
			s += fmt.Sprintf(", dev %s %.4g", e.Metric, e.Value)
		}
		if e.Kept < 1 {
			s += fmt.Sprintf(", %.1f %% of the scores kept", 100*e.Kept)
		}
	}
	return strings.Replace(s, ":,", ":", 1)
}

const barWidth = 24

// live is the line of a run that goes on.
func live(e progress.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s ", e.Phase)
	if e.Steps > 0 {
		full := min(barWidth, barWidth*e.Step/e.Steps)
		fmt.Fprintf(&b, "[%s%s] %3d %%", strings.Repeat("#", full), strings.Repeat("-", barWidth-full), 100*e.Step/e.Steps)
	}
	if e.Epochs > 0 {
		fmt.Fprintf(&b, "  epoch %d/%d", e.Epoch, e.Epochs)
	}
	fmt.Fprintf(&b, "  loss %.4f", e.Loss)
	if e.ExamplesPerSecond > 0 {
		fmt.Fprintf(&b, "  %.0f examples/s", e.ExamplesPerSecond)
	}
	if e.Remaining > 0 {
		s := int(e.Remaining.Round(time.Second).Seconds())
		fmt.Fprintf(&b, "  %d:%02d left", s/60, s%60)
	}
	return b.String()
}

// bar draws the last line of a text over the one before; a settled one stays.
func bar(w io.Writer) func(string, bool) {
	width := 0
	return func(text string, settled bool) {
		line := text[strings.LastIndexByte(text, '\n')+1:]
		blank := max(0, width-len(line))
		width = len(line)
		end := ""
		if settled {
			end, width = "\n", 0
		}
		fmt.Fprintf(w, "\r%s%s%s", line, strings.Repeat(" ", blank), end)
	}
}

// lines prints the last line of each text.
func lines(w io.Writer) func(string, bool) {
	return func(text string, settled bool) {
		fmt.Fprintln(w, text[strings.LastIndexByte(text, '\n')+1:])
	}
}

// terminal reports whether f is one, so that a line can be drawn over.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == ""
}
