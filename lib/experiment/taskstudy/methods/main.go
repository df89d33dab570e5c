// Command methods trains fine-tuned models on with methods of pruning, all at the same kept share of pairs, and puts what they reach
// into the table of package taskstudy.
//
//	go run -tags onnx ./lib/experiment/taskstudy/train -task sst2,mrpc -state /tmp/tasks -save /tmp/finetuned
//	go run -tags onnx ./lib/experiment/taskstudy/methods -task sst2,mrpc -weights /tmp/finetuned -state /tmp/methods
//
// An interrupted run goes on where it stopped when it is called again with the same -state; what is finished there is not repeated.
// Left out, with a word, are seeds without weights, and a method that cannot keep as little as it is asked for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment/command"
	"github.com/sparse-attention/workbench/lib/experiment/taskstudy"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	tasks := flag.String("task", "", "tasks, separated by commas")
	seeds := flag.String("seeds", "", "seeds, separated by commas; empty: the task's own number, from 1")
	keep := flag.String("keep", "0.25,0.6", "kept shares of the visible pairs, separated by commas")
	methods := flag.String("methods", "", "methods beside the control, separated by semicolons; empty: all")
	steps := flag.Int("steps", 0, "batches of 32 to train on for; 0: the task's own number")
	weights := flag.String("weights", "", "folder of the fine-tuned weights that taskstudy/train left with -save")
	data, root, state := command.Data(), command.Root("the pretrained encoders"), command.State("empty keeps none")
	table := flag.String("table", filepath.Join("figures", "training", "results.csv"), "file that the results go into")
	backend := command.Backend()
	command.Main(func(ctx context.Context) error {
		w := work{root: *root, weights: *weights, table: *table}
		var err error
		if w.methods, err = methodsOf(*methods); err != nil {
			return err
		}
		if w.shares, err = sharesOf(*keep); err != nil {
			return err
		}
		w.where = taskstudy.Where{Data: *data, State: *state}
		if w.where.Backend, err = backend(); err != nil {
			return err
		}
		return taskstudy.Each(*tasks, *seeds, func(task taskstudy.Task, seeds []uint64) error {
			if *steps > 0 {
				task.Steps = *steps
			}
			return w.learn(ctx, task, seeds)
		})
	})
}

// methodsOf reads -methods; the control is always the first one.
func methodsOf(text string) ([]taskstudy.Method, error) {
	all := taskstudy.Methods()
	if text == "" {
		return all, nil
	}
	some := all[:1]
	for name := range strings.SplitSeq(text, ";") {
		m, err := taskstudy.FindMethod(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		if m.Name != taskstudy.Control {
			some = append(some, m)
		}
	}
	return some, nil
}

// sharesOf reads -keep.
func sharesOf(text string) (shares []float64, err error) {
	for number := range strings.SplitSeq(text, ",") {
		keep, err := strconv.ParseFloat(number, 64)
		if err != nil || !(keep > 0 && keep < 1) {
			return nil, fmt.Errorf("flag -keep is %q, must be numbers above 0 and below 1, separated by commas", text)
		}
		shares = append(shares, keep)
	}
	return shares, nil
}

// work is what the flags say of all tasks.
type work struct {
	where                taskstudy.Where
	root, weights, table string
	methods              []taskstudy.Method
	shares               []float64
}

// learn runs all seeds of a task whose weights are there.
func (w work) learn(ctx context.Context, task taskstudy.Task, seeds []uint64) error {
	d, err := task.Open(w.where.Data, w.root)
	if err != nil {
		return err
	}
	for _, seed := range seeds {
		dense, err := task.FineTuned(w.weights, seed, d)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Printf("%s, seed %d is left out: %v\n", task.Name, seed, err)
			continue
		} else if err != nil {
			return err
		}
		for _, m := range w.methods {
			shares := w.shares
			if m.Name == taskstudy.Control { // keeps all in any case
				shares = shares[:1]
			}
			for _, keep := range shares {
				if err := w.one(ctx, task, seed, d, dense, m, keep); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// one trains and judges one method at one share.
func (w work) one(ctx context.Context, task taskstudy.Task, seed uint64, d *datasets.Dataset, dense *transformer.Encoder, m taskstudy.Method, keep float64) error {
	watch := command.NewWatch(fmt.Sprintf("%s, seed %d", task.Name, seed))
	w.where.Observer = watch.Observe
	rows, err := task.Learn(ctx, seed, d, dense, m, keep, w.where)
	switch {
	case errors.Is(err, taskstudy.ErrOutOfReach):
		watch.Printf("%s is left out: %v", m.Name, err)
		return nil
	case err != nil:
		return err
	}
	for _, r := range rows {
		watch.Printf("%s, %s: %s %.4f on %d examples", r.Model, r.Split, r.Metric, r.Value, r.Examples)
	}
	return taskstudy.Merge(w.table, rows)
}
