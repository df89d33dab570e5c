package command

import (
	"bytes"
	"testing"
	"time"

	"github.com/sparse-attention/workbench/lib/progress"
)

func TestWatch(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	w := newWatch("imdb", &out, func() time.Time { return now })
	step := func(after time.Duration, e progress.Event, want string) {
		t.Helper()
		out.Reset()
		now = now.Add(after)
		if w.Observe(e); out.String() != want {
			t.Errorf("%+v printed %q, must print %q", e, out.String(), want)
		}
	}
	at := progress.Event{Phase: "fine-tune", Epoch: 1, Epochs: 2, Step: 7, Steps: 20, Loss: 0.5, ExamplesPerSecond: 12.34, Remaining: 90 * time.Second, Kept: 1}
	const line = "imdb: fine-tune, epoch 1 of 2, step 7 of 20, loss 0.500, "
	step(0, at, "     0 s  "+line+"12.3 examples/s, 1m30s left\n")
	step(every-1, at, "")
	step(1, at, "    20 s  "+line+"12.3 examples/s, 1m30s left\n")

	noted := at
	noted.Note = "damaged"
	step(0, noted, "    20 s  "+line+"12.3 examples/s, 1m30s left, damaged\n")
	judged := at
	judged.Evaluated, judged.Metric, judged.Value, judged.Kept = true, "perplexity", 47.612, 0.25
	step(0, judged, "    20 s  "+line+"dev perplexity 47.61, kept 0.250, 12.3 examples/s, 1m30s left\n")
	step(0, progress.Event{Phase: "windows", Step: 3, Evaluated: true, Accuracy: 0.75, Kept: 1, Note: "[3 1]"}, "    20 s  imdb: windows, accuracy 0.7500, [3 1]\n")
	step(every, progress.Event{Phase: "measure", Step: 2, Steps: 9}, "    40 s  imdb: measure, step 2 of 9\n")

	out.Reset()
	if w.Printf("%d points", 2); out.String() != "    40 s  imdb: 2 points\n" {
		t.Errorf("Printf printed %q", out.String())
	}
}
