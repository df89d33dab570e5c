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
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/taskstudy"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	tasks := flag.String("task", "", "tasks to train, separated by commas")
	seeds := flag.String("seeds", "", "seeds, separated by commas; empty: the task's own number, from 1")
	data := flag.String("data", "", "data folder")
	root := flag.String("root", filepath.Join("datasets", "checkpoints"), "folder of the pretrained encoders")
	fresh := flag.Bool("fresh", false, "begin with fresh weights where the task begins with a pretrained encoder, to see what that gives")
	state := flag.String("state", "", "folder of the state that a later call goes on from; empty keeps none")
	save := flag.String("save", "", "folder for the trained weights, in half precision; empty keeps none")
	table := flag.String("table", filepath.Join("figures", "training", "results.csv"), "file that the results go into")
	soFar := flag.Bool("sofar", false, "judge the best epoch of an interrupted run instead of going on with it")
	committed := flag.Bool("committed", false, "judge the committed models of the notebooks instead of training")
	backend := flag.String("backend", "", "GoMLX backend; empty: GOMLX_BACKEND, else the one in pure Go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *committed {
		if err := judge(ctx, *data, *table, *backend); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	for name := range strings.SplitSeq(*tasks, ",") {
		if err := run(ctx, name, *seeds, *data, *root, *state, *save, *table, *backend, *fresh, *soFar); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// judge fills the rows of models that are trained already.
func judge(ctx context.Context, data, table, config string) error {
	backend, err := transformer.OpenBackend(config)
	if err != nil {
		return err
	}
	models, absent, err := experiment.Models(ctx, backend, experiment.Where{Checkpoints: experiment.Checkpoints("."), Data: data})
	if err != nil {
		return err
	}
	for _, a := range absent {
		fmt.Println(a)
	}
	rows, err := taskstudy.Committed(backend, models)
	if err != nil {
		return err
	}
	root, err := taskstudy.RootOnly()
	if err != nil {
		return err
	}
	return taskstudy.Merge(table, append(rows, root...))
}

func run(ctx context.Context, name, seeds, data, root, state, save, table, backend string, fresh, soFar bool) error {
	task, err := taskstudy.Find(name)
	if err != nil {
		return err
	}
	where := taskstudy.Where{Data: data, State: state}
	if where.Backend, err = transformer.OpenBackend(backend); err != nil {
		return err
	}
	task.Fresh = fresh
	d, err := task.Open(data, root)
	if err != nil {
		return err
	}
	if err := taskstudy.Merge(table, task.Constant(d)); err != nil {
		return err
	}
	list := strings.Split(seeds, ",")
	if seeds == "" {
		list = list[:0]
		for s := range task.Seeds {
			list = append(list, strconv.Itoa(s+1))
		}
	}
	for _, text := range list {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fmt.Errorf("flag -seeds is %q, must be numbers separated by commas", seeds)
		}
		last := time.Time{}
		where.Observer = func(e training.Event) {
			if e.Evaluated {
				fmt.Printf("%s, seed %d: epoch %d of %d, %s %.4f, loss %.3f, %.0f examples/s, %s left\n", task.Name, seed, e.Epoch, e.Epochs, e.Metric, e.Value, e.Loss, e.ExamplesPerSecond, e.Remaining.Round(time.Second))
			} else if time.Since(last) > 20*time.Second {
				last = time.Now()
				fmt.Printf("%s, seed %d: step %d of %d, loss %.3f, %.0f examples/s, %s left %s\n", task.Name, seed, e.Step, e.Steps, e.Loss, e.ExamplesPerSecond, e.Remaining.Round(time.Second), e.Note)
			}
		}
		train := task.Run
		if soFar {
			train = func(_ context.Context, seed uint64, d *datasets.Dataset, w taskstudy.Where) (*transformer.Encoder, []taskstudy.Row, error) {
				return task.SoFar(seed, d, w)
			}
		}
		m, rows, err := train(ctx, seed, d, where)
		if err != nil {
			return err
		}
		for _, r := range rows {
			fmt.Printf("%s, seed %d: %s %s %.4f on %d examples, %.0f s\n", r.Task, r.Seed, r.Split, r.Metric, r.Value, r.Examples, r.Seconds)
		}
		if err := taskstudy.Merge(table, rows); err != nil {
			return err
		}
		if save != "" {
			if err := m.Save(filepath.Join(save, fmt.Sprintf("%s-seed%d.safetensors", task.Name, seed)), transformer.Float16, map[string]string{"task": task.Name, "seed": text}); err != nil {
				return err
			}
		}
	}
	return nil
}
