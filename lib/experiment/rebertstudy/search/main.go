// Command search trains the encoder of a task of package rebertstudy, unless that was done before, searches its windows and judges
// them on held-out examples.
//
//	go run -tags onnx ./lib/experiment/rebertstudy/search -task imdb -budget 1 -state /tmp/windows
//
// What it trains and measures is kept under -state, and an interrupted call goes on from there; what the search comes to is
// written under -root, where the notebook reads it. -trial does all of it on a few examples, in seconds, and writes nothing there.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sparse-attention/workbench/lib/experiment/rebertstudy"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	task := flag.String("task", "", "task to search")
	budgets := flag.String("budget", "1", "points of accuracy that may be lost; several, separated by commas, share what they have in common")
	state := flag.String("state", "", "folder of the state that a later call goes on from; must be given")
	root := flag.String("root", filepath.Join("datasets", "checkpoints"), "folder of the committed models and, in its folder rebert, the results")
	starts := flag.String("starts", "", "folder of the pretrained encoders; empty: that of -root")
	data := flag.String("data", "", "data folder")
	exhaustive := flag.Int("exhaustive", 0, "afterwards, try every combination of halved windows on so many examples; 0 = not")
	trial := flag.Bool("trial", false, "a few examples and batches, to see that everything runs")
	backend := flag.String("backend", "", "GoMLX backend; empty: GOMLX_BACKEND, else the one in pure Go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	at := rebertstudy.Folders{Models: *state, Results: rebertstudy.Results(*root), Recipes: *root, Starts: *starts, Data: *data}
	if err := run(ctx, *task, *budgets, at, *backend, *exhaustive, *trial); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name, budgets string, at rebertstudy.Folders, config string, exhaustive int, trial bool) error {
	if at.Models == "" {
		return fmt.Errorf("flag -state is empty, must name a folder")
	}
	task, err := rebertstudy.FindTask(name)
	if err != nil {
		return err
	}
	if trial {
		task, at.Results = task.Trial(), ""
	}
	backend, err := transformer.OpenBackend(config)
	if err != nil {
		return err
	}
	observer := observe(task.Name)
	e, err := task.LoadOrTrain(ctx, backend, at, observer)
	if err != nil {
		return err
	}
	c := e.Card
	fmt.Printf("%s: %d layers, N = %d; %d train, %d search, %d confirm, %d are held out (most frequent class %.1f %%)\n",
		task.Name, c.Shape.Layers, c.Shape.Tokens, c.Train, c.Dev, len(e.Confirm), c.Test, 100*c.Majority)
	for text := range strings.SplitSeq(budgets, ",") {
		budget, err := strconv.ParseFloat(text, 64)
		if err != nil || !(budget >= 0) {
			return fmt.Errorf("flag -budget has %q, must be points of at least 0", text)
		}
		s, err := e.Search(ctx, backend, at, task.Options(budget), observer)
		if err != nil {
			return err
		}
		fmt.Printf("%s, budget %g: %v of N = %d (mean %.2f N); held out: full %.2f, trained as long %.2f, windows %.2f %%; loss %.2f +-%.2f and %.2f +-%.2f: %s\n", task.Name, budget, s.Half, s.Tokens,
			s.Mean()/float64(s.Tokens), s.Before, s.Control, s.After, s.Drop, s.Within, s.Against, s.AgainstWithin, rebertstudy.Outcome{Task: task, Card: c, Search: s}.Verdict())
	}
	if exhaustive > 0 {
		x, err := e.Exhaust(ctx, backend, at, 1, exhaustive, observer)
		if err != nil {
			return err
		}
		fmt.Printf("%s: the narrowest of %d combinations is %v, greedy %v\n", task.Name, x.Combinations, x.Best, x.Greedy)
	}
	return nil
}

// observe prints evaluations, and where a training is every ten seconds.
func observe(task string) training.Observer {
	began, last := time.Now(), time.Time{}
	return func(e training.Event) {
		if !e.Evaluated && e.Note == "" && time.Since(last) < 10*time.Second {
			return
		}
		last = time.Now()
		fmt.Printf("%6.0f s  %s, %s", time.Since(began).Seconds(), task, e.Phase)
		if e.Steps > 0 {
			fmt.Printf(", step %d of %d, loss %.3f, %s left", e.Step, e.Steps, e.Loss, e.Remaining.Round(time.Second))
		}
		if e.Evaluated {
			fmt.Printf(", accuracy %.2f %%", 100*e.Accuracy)
		}
		fmt.Println(" ", e.Note)
	}
}
