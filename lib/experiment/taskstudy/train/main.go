// Command train trains tasks of package taskstudy and puts what they reach into its table.
//
//	go run -tags onnx ./lib/experiment/taskstudy/train -task cifar-10 -seeds 1,2,3
//
// An interrupted run goes on where it stopped when it is called again with the same -state.
//
// With -committed it judges the committed models of the notebooks, with -sofar the best epoch of an interrupted run.
package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/command"
	"github.com/sparse-attention/workbench/lib/experiment/taskstudy"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	tasks := flag.String("task", "", "tasks to train, separated by commas")
	seeds := flag.String("seeds", "", "seeds, separated by commas; empty: the task's own number, from 1")
	data, root, state := command.Data(), command.Root("the pretrained encoders"), command.State("empty keeps none")
	fresh := flag.Bool("fresh", false, "begin with fresh weights where the task begins with a pretrained encoder, to see what that gives")
	save := flag.String("save", "", "folder for the trained weights, in half precision; empty keeps none")
	table := flag.String("table", filepath.Join("figures", "training", "results.csv"), "file that the results go into")
	soFar := flag.Bool("sofar", false, "judge the best epoch of an interrupted run instead of going on with it")
	committed := flag.Bool("committed", false, "judge the committed models of the notebooks instead of training")
	backend := command.Backend()
	command.Main(func(ctx context.Context) error {
		b, err := backend()
		if err != nil {
			return err
		}
		w := work{where: taskstudy.Where{Data: *data, State: *state, Backend: b}, root: *root, save: *save, table: *table, soFar: *soFar}
		if *committed {
			return w.judge(ctx)
		}
		return taskstudy.Each(*tasks, *seeds, func(task taskstudy.Task, seeds []uint64) error {
			task.Fresh = *fresh
			return w.train(ctx, task, seeds)
		})
	})
}

// work is what the flags say of all tasks.
type work struct {
	where             taskstudy.Where
	root, save, table string
	soFar             bool
}

// judge fills the rows of models that are trained already.
func (w work) judge(ctx context.Context) error {
	models, err := command.Models(ctx, w.where.Backend, experiment.Checkpoints("."), w.where.Data)
	if err != nil {
		return err
	}
	rows, err := taskstudy.Committed(w.where.Backend, models)
	if err != nil {
		return err
	}
	root, err := taskstudy.RootOnly()
	if err != nil {
		return err
	}
	return taskstudy.Merge(w.table, append(rows, root...))
}

func (w work) train(ctx context.Context, task taskstudy.Task, seeds []uint64) error {
	d, err := task.Open(w.where.Data, w.root)
	if err != nil {
		return err
	}
	if err := taskstudy.Merge(w.table, task.Constant(d)); err != nil {
		return err
	}
	for _, seed := range seeds {
		watch := command.NewWatch(fmt.Sprintf("%s, seed %d", task.Name, seed))
		w.where.Observer = watch.Observe
		var m *transformer.Encoder
		var rows []taskstudy.Row
		if w.soFar {
			m, rows, err = task.SoFar(seed, d, w.where)
		} else {
			m, rows, err = task.Run(ctx, seed, d, w.where)
		}
		if err != nil {
			return err
		}
		for _, r := range rows {
			watch.Printf("%s %s %.4f on %d examples, %.0f s", r.Split, r.Metric, r.Value, r.Examples, r.Seconds)
		}
		if err := taskstudy.Merge(w.table, rows); err != nil {
			return err
		}
		if w.save == "" {
			continue
		}
		about := map[string]string{"task": task.Name, "seed": fmt.Sprint(seed)}
		if err := m.Save(task.Weights(w.save, seed), transformer.Float16, about); err != nil {
			return err
		}
	}
	return nil
}
