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
	"strconv"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/experiment/command"
	"github.com/sparse-attention/workbench/lib/experiment/rebertstudy"
)

func main() {
	task := flag.String("task", "", "task to search")
	budgets := flag.String("budget", "1", "points of accuracy that may be lost; several, separated by commas, share what they have in common")
	state, data := command.State("must be given"), command.Data()
	root := command.Root("the committed models and, in its folder rebert, the results")
	starts := flag.String("starts", "", "folder of the pretrained encoders; empty: that of -root")
	exhaustive := flag.Int("exhaustive", 0, "afterwards, try every combination of halved windows on so many examples; 0 = not")
	trial := flag.Bool("trial", false, "a few examples and batches, to see that everything runs")
	backend := command.Backend()
	command.Main(func(ctx context.Context) error {
		at := rebertstudy.Folders{Models: *state, Results: rebertstudy.Results(*root), Recipes: *root, Starts: *starts, Data: *data}
		return run(ctx, *task, *budgets, at, backend, *exhaustive, *trial)
	})
}

func run(ctx context.Context, name, budgets string, at rebertstudy.Folders, backend func() (compute.Backend, error), exhaustive int, trial bool) error {
	if at.Models == "" {
		return command.ErrNoState
	}
	task, err := rebertstudy.FindTask(name)
	if err != nil {
		return err
	}
	if trial {
		task, at.Results = task.Trial(), ""
	}
	b, err := backend()
	if err != nil {
		return err
	}
	watch := command.NewWatch(task.Name)
	e, err := task.LoadOrTrain(ctx, b, at, watch.Observe)
	if err != nil {
		return err
	}
	c := e.Card
	watch.Printf("%d layers, N = %d; %d train, %d search, %d confirm, %d are held out (most frequent class %.1f %%)",
		c.Shape.Layers, c.Shape.Tokens, c.Train, c.Dev, len(e.Confirm), c.Test, 100*c.Majority)
	for text := range strings.SplitSeq(budgets, ",") {
		budget, err := strconv.ParseFloat(text, 64)
		if err != nil || !(budget >= 0) {
			return fmt.Errorf("flag -budget has %q, must be points of at least 0", text)
		}
		s, err := e.Search(ctx, b, at, task.Options(budget), watch.Observe)
		if err != nil {
			return err
		}
		watch.Printf("budget %g: %v of N = %d (mean %.2f N); held out: full %.2f, trained as long %.2f, windows %.2f %%; loss %.2f +-%.2f and %.2f +-%.2f: %s", budget, s.Half, s.Tokens,
			s.Mean()/float64(s.Tokens), s.Before, s.Control, s.After, s.Drop, s.Within, s.Against, s.AgainstWithin, rebertstudy.Outcome{Task: task, Card: c, Search: s}.Verdict())
	}
	if exhaustive > 0 {
		x, err := e.Exhaust(ctx, b, at, 1, exhaustive, watch.Observe)
		if err != nil {
			return err
		}
		watch.Printf("the narrowest of %d combinations is %v, greedy %v", x.Combinations, x.Best, x.Greedy)
	}
	return nil
}
