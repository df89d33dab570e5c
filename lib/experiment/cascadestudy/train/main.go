// Command train trains the models of package cascadestudy and measures them.
//
//	go run -tags onnx ./lib/experiment/cascadestudy/train -task sst2,mrpc,imdb,wordnet -state /tmp/cascade
//
// An interrupted training goes on where it stopped when it is called again with the same -state; a task that was measured there is
// left alone. With -measure, models that are trained already are measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/cascadestudy"
	"github.com/sparse-attention/workbench/lib/experiment/command"
)

func main() {
	tasks := flag.String("task", "sst2,mrpc,imdb,wordnet", "tasks, separated by commas")
	starts := flag.String("starts", experiment.Checkpoints("."), "folder of the models to begin with")
	data, root, state := command.Data(), command.Root("the checkpoints"), command.State("empty keeps none")
	measure := flag.Bool("measure", false, "measure what is trained already, train nothing")
	backend := command.Backend()
	command.Main(func(ctx context.Context) error {
		b, err := backend()
		if err != nil {
			return err
		}
		where := cascadestudy.Where{Starts: *starts, Root: *root, Data: *data, State: *state}
		for task := range strings.SplitSeq(*tasks, ",") {
			r, err := cascadestudy.Find(task)
			if err != nil {
				return err
			}
			for _, r := range r.Runs() {
				if err := run(ctx, b, r, where, *measure); err != nil {
					return fmt.Errorf("%s: %w", r.Name(), err)
				}
			}
		}
		return nil
	})
}

func run(ctx context.Context, backend compute.Backend, r cascadestudy.Recipe, where cascadestudy.Where, measure bool) error {
	watch := command.NewWatch(r.Name())
	var m *cascadestudy.Measured
	var err error
	if measure {
		var c *cascadestudy.Cascaded
		if c, err = r.Load(where); err == nil {
			m, err = c.Measure(ctx, backend, where.Root, watch.Observe)
		}
	} else {
		m, err = r.Make(ctx, backend, where, watch.Observe)
	}
	if err != nil {
		return err
	}
	for _, p := range m.Points {
		watch.Printf("in the loop %v, %s %.3g: %.2f %% on %d, %+.2f ± %.2f points, tokens %.2f, heads %.2f, tokens and values %.2f, low bits %.1f %%, %.2f bits", p.InLoop, p.Sweep, p.Setting,
			p.Accuracy, p.Examples, -p.Drop, p.Half, p.Tokens, p.Heads, p.Reduction, 100*p.LSB, p.MeanBits)
	}
	return nil
}
