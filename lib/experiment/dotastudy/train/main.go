// Command train trains the models of package dotastudy where they have no checkpoint yet, and sweeps them.
//
//	go run -tags onnx ./lib/experiment/dotastudy/train -recipe dota-listops -state /tmp/dota
//	go run ./lib/experiment/dotastudy/train -fitted listops-short -examples 1000
//
// The second line sweeps a committed model that was trained without a detector, with one that is fitted to it.
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

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	recipe := flag.String("recipe", "", "joint recipe to train")
	fitted := flag.String("fitted", "", "recipe of package experiment whose model gets a fitted detector, instead of -recipe")
	examples := flag.Int("examples", 1000, "test examples of -fitted")
	data := flag.String("data", "", "data folder")
	root := flag.String("root", experiment.Checkpoints("."), "folder of the checkpoints")
	state := flag.String("state", "", "folder of the state that a later call goes on from; empty keeps none")
	backend := flag.String("backend", "", "GoMLX backend; empty: GOMLX_BACKEND, else the one in pure Go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := error(nil)
	if *fitted != "" {
		err = sweepFitted(ctx, *fitted, *data, *root, *backend, *examples)
	} else {
		err = run(ctx, *recipe, *data, *root, *state, *backend)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name, folder, root, state, backend string) error {
	r, err := experiment.FindJointRecipe(name)
	if err != nil {
		return err
	}
	b, err := transformer.OpenBackend(backend)
	if err != nil {
		return err
	}
	data, err := r.Open(folder, nil)
	if err != nil {
		return err
	}
	if state != "" {
		state = filepath.Join(state, r.Name)
	}
	began := time.Now()
	since := func() time.Duration { return time.Since(began).Round(time.Second) }
	return r.Make(ctx, b, data, root, state, func(e training.Event) {
		if e.Evaluated || e.Step%30 == 0 {
			fmt.Printf("%v %s: step %d of %d, loss %.3f, accuracy %.3f, kept %.3f, %.1f examples/s\n", since(), e.Phase, e.Step, e.Steps, e.Loss, e.Accuracy, e.Kept, e.ExamplesPerSecond)
		}
	}, func(p experiment.Point) {
		fmt.Printf("%v %s: %s, seed %d, %g: keeps %.3f, accuracy %.2f, %.2f points lost\n", since(), p.Split, p.Method, p.Seed, p.Knob, p.Retention, p.Accuracy(), p.Drop())
	})
}

// sweepFitted leaves its points beside the model's checkpoint.
func sweepFitted(ctx context.Context, name, folder, root, backend string, examples int) error {
	r, err := experiment.FindRecipe(name)
	if err != nil {
		return err
	}
	b, err := transformer.OpenBackend(backend)
	if err != nil {
		return err
	}
	m, err := r.Make(ctx, b, experiment.Where{Checkpoints: root, Data: folder})
	if err != nil {
		return err
	}
	f, err := experiment.Fitted(ctx, b, m, root)
	if err != nil {
		return err
	}
	if err := f.SweepFitted(ctx, b, root, examples); err != nil {
		return err
	}
	for _, p := range f.Points {
		fmt.Printf("%s: %s, %g: keeps %.3f, accuracy %.2f, %.2f points lost\n", p.Split, p.Method, p.Knob, p.Retention, p.Accuracy(), p.Drop())
	}
	return nil
}
