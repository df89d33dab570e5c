// Command pretrain makes a pretrained encoder of package taskstudy and writes it under -root.
//
//	go run -tags onnx ./lib/experiment/taskstudy/pretrain -name pretrained-l2-h128 -state /tmp/pretrain
//
// An interrupted run goes on where it stopped when it is called again with the same -state.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/sparse-attention/workbench/lib/experiment/taskstudy"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	name := flag.String("name", "pretrained-l2-h128", "encoder to pretrain")
	data := flag.String("data", "", "data folder")
	state := flag.String("state", "", "folder of the state that a later call goes on from; must be given")
	root := flag.String("root", filepath.Join("datasets", "checkpoints"), "folder of the checkpoints")
	backend := flag.String("backend", "", "GoMLX backend; empty: GOMLX_BACKEND, else the one in pure Go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *name, *data, *state, *root, *backend); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name, data, state, root, backend string) error {
	if state == "" {
		return fmt.Errorf("flag -state is empty, must name a folder")
	}
	p, err := taskstudy.FindPretraining(name)
	if err != nil {
		return err
	}
	where := taskstudy.Where{Data: data, State: state}
	if where.Backend, err = transformer.OpenBackend(backend); err != nil {
		return err
	}
	last := time.Time{}
	where.Observer = func(e training.Event) {
		if e.Evaluated || e.Note != "" || time.Since(last) > 20*time.Second {
			last = time.Now()
			fmt.Printf("%s: step %d of %d, loss %.3f, dev %s %.2f, %.0f examples/s, %s left %s\n", name, e.Step, e.Steps, e.Loss, e.Metric, e.Value,
				e.ExamplesPerSecond, e.Remaining.Round(time.Second), e.Note)
		}
	}
	card, err := p.Run(ctx, root, where)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d steps in %.0f minutes, perplexity %.2f\n", name, card.Steps, card.Minutes, card.Perplexity)
	return nil
}
