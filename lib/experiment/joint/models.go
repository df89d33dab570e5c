package joint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
)

// Model is a trained Recipe with the points of its sweeps, and its data where they are on this machine.
type Model struct {
	*Trained
	Data   *datasets.Dataset // nil without the data
	Points []Point
}

// Models returns the models of all joint recipes; absent says which have no checkpoint or no data, and what of them is left
// out. With Where.Retrain they are trained and swept anew there first, which takes up to half an hour each on two cores, and goes
// on where an interrupted call stopped.
func Models(ctx context.Context, backend compute.Backend, where experiment.Where) (models []Model, absent []string, err error) {
	for _, r := range Recipes() {
		m, err := r.model(ctx, backend, where)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			absent = append(absent, fmt.Sprintf("%s is left out: it has no checkpoint; go run -tags onnx ./lib/experiment/dotastudy/train -recipe %s makes one, in minutes on two free cores", r.Title, r.Name))
			continue
		case errors.Is(err, datasets.ErrNoData):
			absent = append(absent, fmt.Sprintf("%s: only what its checkpoint tells: %v", r.Title, err))
		case err != nil:
			return nil, nil, err
		}
		if m.Trained != nil {
			models = append(models, m)
		}
	}
	return models, absent, nil
}

func (r Recipe) model(ctx context.Context, backend compute.Backend, where experiment.Where) (m Model, err error) {
	root := where.Checkpoints
	if where.Retrain != "" {
		root = where.Retrain
		if m.Data, err = r.Open(where.Data, nil); err != nil {
			return m, err
		}
		if err := r.Make(ctx, backend, m.Data, root, filepath.Join(root, r.Name, "state"), where.Observer, nil); err != nil {
			return m, err
		}
	}
	if m.Trained, err = r.Load(root); err != nil {
		return m, err
	}
	if m.Points, err = ReadPoints(root, r.Name); err != nil {
		return m, err
	}
	if m.Data == nil {
		m.Data, err = r.Open(where.Data, m.Vocabulary)
	}
	return m, err
}

// Make trains the recipe where root has no checkpoint of it, and sweeps it; finished points are kept. observe, which may be nil,
// sees every point.
func (r Recipe) Make(ctx context.Context, backend compute.Backend, data *datasets.Dataset, root, scratch string, observer training.Observer, observe func(Point)) error {
	j, err := r.Load(root)
	if errors.Is(err, fs.ErrNotExist) {
		if j, err = r.Train(ctx, backend, data, scratch, observer); err != nil {
			return err
		}
		if err = j.Save(root); err != nil {
			return err
		}
		j, err = r.Load(root) // in half precision, as it will be used
	}
	if err != nil {
		return err
	}
	points, err := ReadPoints(root, r.Name)
	if err != nil {
		return err
	}
	for _, o := range r.Sweeps(data) {
		o.Done = points
		var failed error
		o.Observer = func(p Point) {
			points = replace(points, p)
			failed = errors.Join(failed, WritePoints(root, r.Name, points))
			if observe != nil {
				observe(p)
			}
		}
		if _, err := j.Sweep(ctx, backend, o); err != nil || failed != nil {
			return errors.Join(err, failed)
		}
	}
	return nil
}

// replace puts a point in the place of an earlier one of the same setting, or behind all.
func replace(points []Point, p Point) []Point {
	for i, q := range points {
		if q.Task == p.Task && q.Split == p.Split && q.Method == p.Method && q.Seed == p.Seed && q.Knob == p.Knob {
			points[i] = p
			return points
		}
	}
	return append(points, p)
}

// The splits of Sweeps: settings are searched on one and judged on the other.
const (
	SearchSplit = "dev"
	JudgedSplit = "test"
)

// Sweeps are the recipe's: on dev examples, where a setting is chosen, and on test examples, where it is judged.
func (r Recipe) Sweeps(data *datasets.Dataset) []SweepOptions {
	cut := func(e []datasets.Example, n int) []datasets.Example { return e[:min(n, len(e))] }
	retentions, p := []float64{0.02, 0.05, 0.1, 0.15, 0.2}, []float64{0.25, 0.5, 0.75, 1, 1.5, 2, 4}
	return []SweepOptions{
		{Split: SearchSplit, Examples: cut(data.Dev, 1000), Training: data.Train[:12], Methods: []string{DOTAMethod, ELSAMethod, OracleMethod},
			Retentions: retentions, P: p},
		{Split: JudgedSplit, Examples: cut(data.Test, 1000), Training: data.Train[:12], Methods: []string{DOTAMethod, ELSAMethod, OracleMethod, RandomMethod},
			Retentions: retentions, P: p},
	}
}

// Cards tabulates how the models were trained and what they reached on their dev split.
func Cards(models []Model) (headings []string, rows [][]string) {
	headings = []string{"model", "input", "shape", "parameters", "mean tokens", "steps", "one answer for all", "dense", "with detector, by seed", "kept", "training speed over dense"}
	for _, m := range models {
		c, s := m.Card, m.Dense.Spec
		constant := fmt.Sprintf("%.1f %%", 100*c.Constant)
		if c.RootOnly > 0 {
			constant += fmt.Sprintf(" (root operator alone %.1f %%)", 100*c.RootOnly)
		}
		var joint string
		kept := 0.0
		for i, a := range c.Joint {
			if i > 0 {
				joint += ", "
			}
			joint += fmt.Sprintf("%.1f %%", 100*a)
			kept += c.Kept[i] / float64(len(c.Kept))
		}
		speed := "not measured"
		if c.DenseRate > 0 && c.JointRate > 0 {
			speed = fmt.Sprintf("%.0f %%", 100*c.JointRate/c.DenseRate)
		}
		rows = append(rows, []string{m.Recipe.Title, m.Recipe.Size, fmt.Sprintf("L %d, H %d, A %d, N %d", s.Layers, s.Hidden, s.Heads, s.Tokens), fmt.Sprint(c.Parameters),
			fmt.Sprintf("%.0f", c.Tokens), fmt.Sprint(c.Steps), constant, fmt.Sprintf("%.1f %%", 100*c.Dense), joint, fmt.Sprintf("%.1f %%", 100*kept), speed})
	}
	return headings, rows
}

// Hash is one hash over the models' data and points, for a figure's provenance.
func Hash(models []Model) string {
	h := sha256.New()
	for _, m := range models {
		fmt.Fprintln(h, m.Recipe.Name, m.Card.DataHash, m.Points)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// AllPoints are the points of all models.
func AllPoints(models []Model) []Point {
	var all []Point
	for _, m := range models {
		all = append(all, m.Points...)
	}
	return all
}
