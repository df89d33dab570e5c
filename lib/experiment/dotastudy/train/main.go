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
	"errors"
	"flag"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/command"
	"github.com/sparse-attention/workbench/lib/experiment/joint"
)

func main() {
	recipe := flag.String("recipe", "", "joint recipe to train")
	fitted := flag.String("fitted", "", "recipe of package experiment whose model gets a fitted detector, instead of -recipe")
	examples := flag.Int("examples", 1000, "test examples of -fitted")
	data, root, state := command.Data(), command.Root("the checkpoints"), command.State("empty keeps none")
	backend := command.Backend()
	command.Main(func(ctx context.Context) error {
		if (*recipe == "") == (*fitted == "") {
			return errors.New("flags -recipe and -fitted: one of them must name a recipe, the other be empty")
		}
		b, err := backend()
		if err != nil {
			return err
		}
		if *fitted != "" {
			return sweepFitted(ctx, b, *fitted, *data, *root, *examples)
		}
		return train(ctx, b, *recipe, *data, *root, *state)
	})
}

func train(ctx context.Context, backend compute.Backend, name, folder, root, state string) error {
	r, err := joint.FindRecipe(name)
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
	watch := command.NewWatch(r.Name)
	return r.Make(ctx, backend, data, root, state, watch.Observe, func(p joint.Point) {
		watch.Printf("%s: %s, seed %d, %g: keeps %.3f, accuracy %.2f, %.2f points lost", p.Split, p.Method, p.Seed, p.Knob, p.Retention, p.Accuracy(), p.Drop())
	})
}

// sweepFitted leaves its points beside the model's checkpoint.
func sweepFitted(ctx context.Context, backend compute.Backend, name, folder, root string, examples int) error {
	r, err := experiment.FindRecipe(name)
	if err != nil {
		return err
	}
	m, err := r.Make(ctx, backend, experiment.Where{Checkpoints: root, Data: folder})
	if err != nil {
		return err
	}
	f, err := joint.Fitted(ctx, backend, m, root)
	if err != nil {
		return err
	}
	if err := f.SweepFitted(ctx, backend, root, examples); err != nil {
		return err
	}
	watch := command.NewWatch(r.Name)
	for _, p := range f.Points {
		watch.Printf("%s: %s, %g: keeps %.3f, accuracy %.2f, %.2f points lost", p.Split, p.Method, p.Knob, p.Retention, p.Accuracy(), p.Drop())
	}
	return nil
}
