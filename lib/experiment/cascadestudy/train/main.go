// Command train trains the models of package cascadestudy and measures them.
//
//	go run -tags onnx ./lib/experiment/cascadestudy/train -task sst2,mrpc,imdb -state /tmp/cascade
//
// An interrupted training goes on where it stopped when it is called again with the same -state; a task that was measured there is
// left alone. With -measure, models that are trained already are measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/experiment/cascadestudy"
	"github.com/sparse-attention/workbench/lib/progress"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	tasks := flag.String("task", "sst2,mrpc,imdb", "tasks, separated by commas")
	data := flag.String("data", "", "data folder")
	starts := flag.String("starts", filepath.Join("datasets", "checkpoints"), "folder of the models to begin with")
	root := flag.String("root", filepath.Join("datasets", "checkpoints"), "folder of the checkpoints")
	state := flag.String("state", "", "folder of the state that a later call goes on from; empty keeps none")
	measure := flag.Bool("measure", false, "measure what is trained already, train nothing")
	backend := flag.String("backend", "", "GoMLX backend; empty: GOMLX_BACKEND, else the one in pure Go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	where := cascadestudy.Where{Starts: *starts, Root: *root, Data: *data, State: *state}
	if err := run(ctx, strings.Split(*tasks, ","), where, *measure, *backend); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, tasks []string, where cascadestudy.Where, measure bool, config string) error {
	backend, err := transformer.OpenBackend(config)
	if err != nil {
		return err
	}
	for _, task := range tasks {
		r, err := cascadestudy.Find(task)
		if err != nil {
			return err
		}
		if err := one(ctx, r, where, measure, backend); err != nil {
			return fmt.Errorf("%s: %w", r.Task, err)
		}
	}
	return nil
}

func one(ctx context.Context, r cascadestudy.Recipe, where cascadestudy.Where, measure bool, backend compute.Backend) error {
	began, last := time.Now(), time.Time{}
	observer := func(e progress.Event) {
		switch {
		case e.Phase == "measure":
			fmt.Printf("%s: measured %d of %d\n", r.Task, e.Step, e.Steps)
		case e.Evaluated:
			fmt.Printf("%s, %s: epoch %d of %d, dev %s %.4f, loss %.3f, %.0f examples/s\n", r.Task, e.Phase, e.Epoch, e.Epochs, e.Metric, e.Value, e.Loss, e.ExamplesPerSecond)
		case e.Note != "" || time.Since(last) > 20*time.Second:
			last = time.Now()
			fmt.Printf("%s, %s: step %d of %d, loss %.3f, %.0f examples/s, %s left %s\n", r.Task, e.Phase, e.Step, e.Steps, e.Loss, e.ExamplesPerSecond, e.Remaining.Round(time.Second), e.Note)
		}
	}
	var m *cascadestudy.Measured
	var err error
	if measure {
		var c *cascadestudy.Cascaded
		if c, err = r.Load(where); err == nil {
			m, err = c.Measure(ctx, backend, where.Root, observer)
		}
	} else {
		m, err = r.Make(ctx, backend, where, observer)
	}
	if err != nil {
		return err
	}
	for _, p := range m.Points {
		fmt.Printf("%s: in the loop %v, %s %.3g: %.2f %% on %d, %+.2f ± %.2f points, tokens %.2f, heads %.2f, tokens and values %.2f, low bits %.1f %%, %.2f bits\n", r.Task, p.InLoop, p.Sweep, p.Setting,
			p.Accuracy, p.Examples, -p.Drop, p.Half, p.Tokens, p.Heads, p.Reduction, 100*p.LSB, p.MeanBits)
	}
	fmt.Printf("%s: %.0f s\n", r.Task, time.Since(began).Seconds())
	return nil
}
