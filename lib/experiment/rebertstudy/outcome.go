package rebertstudy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/accelerator/rebert"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/training"
)

// Outcome is what is known of a task: how its encoder was trained and what the search found.
type Outcome struct {
	Task   Task
	Card   Card
	Search *Search
}

// Checkpoints is the folder of the committed results under the module's root.
func Checkpoints(root string) string { return Results(experiment.Checkpoints(root)) }

// Results is the folder of the results in a folder of checkpoints.
func Results(checkpoints string) string { return filepath.Join(checkpoints, "rebert") }

// OutcomeHash is one hash over what the searches found, for a figure's provenance.
func OutcomeHash(all []Outcome) string {
	h := sha256.New()
	for _, o := range all {
		fmt.Fprintln(h, o.Task.Name, o.Card.DataHash, o.Search.Options, o.Search.Half, o.Search.Before, o.Search.After, o.Search.Control)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// searchFolder is where a search leaves its files.
func searchFolder(models string, t Task, o SearchOptions) string {
	return filepath.Join(models, t.Name, fmt.Sprintf("budget-%g", o.Budget))
}

// LoadOutcomes reads the results of searches at one budget that are in the folder of models; tasks without one are passed over.
func LoadOutcomes(models string, budget float64) ([]Outcome, error) {
	var all []Outcome
	for _, t := range Tasks() {
		o := Outcome{Task: t, Search: &Search{}}
		err := experiment.ReadJSON(filepath.Join(searchFolder(models, t, SearchOptions{Budget: budget}), "search.json"), o.Search)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = experiment.ReadCard(filepath.Join(models, t.Name), &o.Card)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// SearchAll trains what is not there and searches every task whose data are on this machine, by its Task.Options; absent says which were left out. It
// goes on where an interrupted call stopped.
func SearchAll(ctx context.Context, backend compute.Backend, at Folders, budget float64, observer training.Observer) (all []Outcome, absent []string, err error) {
	for _, t := range Tasks() {
		e, err := t.LoadOrTrain(ctx, backend, at, observer)
		if errors.Is(err, datasets.ErrNoData) {
			absent = append(absent, fmt.Sprintf("%s is left out: %v", t.Title, err))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		s, err := e.Search(ctx, backend, at, t.Options(budget), observer)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, Outcome{t, e.Card, s})
	}
	return all, absent, nil
}

// Real leaves out the tasks on which the encoder knows no more than the most frequent class.
func Real(all []Outcome) []Outcome {
	var out []Outcome
	for _, o := range all {
		if !o.AtChance() {
			out = append(out, o)
		}
	}
	return out
}

// AtChance says whether the encoder with full attention is no better on the held-out examples than always answering their most
// frequent class, within the 95 % interval: any window passes there.
func (o Outcome) AtChance() bool {
	full := experiment.Score{Examples: o.Search.Held, Correct: int(math.Round(o.Search.Before * float64(o.Search.Held) / 100))}
	return full.Accuracy()-100*o.Card.Majority <= full.Confidence()
}

// Verdict says in words whether the windows hold the budget.
func (o Outcome) Verdict() string {
	switch s := o.Search; {
	case o.AtChance():
		return fmt.Sprintf("at chance (most frequent class %.1f)", 100*o.Card.Majority)
	case slices.Equal(s.Half, training.FullWindows(len(s.Half), s.Tokens)):
		return "no windows confirmed"
	case !s.Holds():
		return "missed"
	}
	return "held"
}

// Windows are those that the machine reads.
func Windows(all []Outcome) []rebert.Windows {
	var out []rebert.Windows
	for _, o := range all {
		w := o.Search.Windows(o.Card.Seed)
		w.Task = o.Task.Title
		out = append(out, w)
	}
	return out
}

// WindowRows are the half-windows found, in words, by task and layer.
func WindowRows(all []Outcome) []published.Row {
	var rows []published.Row
	for _, o := range all {
		for l, w := range o.Search.Half {
			rows = append(rows, row("windows", "half-window", o.Task.Title, fmt.Sprintf("layer %d", l+1), "half_window", "words", float64(w)))
		}
	}
	return rows
}

// AccuracyRows are the held-out accuracies in per cent: with full attention, with the windows, and with full attention trained as
// long as the windows were.
func AccuracyRows(all []Outcome) []published.Row {
	var rows []published.Row
	for _, o := range all {
		for _, x := range []struct {
			series string
			value  float64
		}{{"full attention", o.Search.Before}, {"windows", o.Search.After}, {"full attention, trained as long", o.Search.Control}} {
			rows = append(rows, row("accuracy", x.series, o.Task.Title, fmt.Sprintf("budget %g", o.Search.Options.Budget), "accuracy", "%", x.value))
		}
	}
	return rows
}

// OutcomeTable lists the searches.
func OutcomeTable(all []Outcome) (headings []string, rows [][]string) {
	headings = []string{"task", "shape", "N", "mean length", "greedy", "confirmed on", "half-windows", "mean / N", "2W+1 / length", "search split (%)", "held out", "full (%)", "full, trained as long (%)",
		"windows (%)", "loss against full (points)", "against trained as long", "budget", "candidates"}
	for _, o := range all {
		s := o.Search
		rows = append(rows, []string{o.Task.Title, fmt.Sprintf("L %d, H %d", o.Card.Shape.Layers, o.Card.Shape.Hidden), fmt.Sprint(s.Tokens),
			fmt.Sprintf("%.1f", o.Card.MeanTokens), fmt.Sprint(s.greedy()), fmt.Sprint(s.Confirm), fmt.Sprint(s.Half), fmt.Sprintf("%.2f", s.Mean()/float64(s.Tokens)),
			fmt.Sprintf("%.2f", (2*s.Mean()+1)/o.Card.MeanTokens), fmt.Sprintf("%.1f to %.1f", s.Full, s.Final), fmt.Sprint(s.Held),
			fmt.Sprintf("%.1f", s.Before), fmt.Sprintf("%.1f", s.Control), fmt.Sprintf("%.1f", s.After), fmt.Sprintf("%.2f +-%.2f", s.Drop, s.Within), fmt.Sprintf("%.2f +-%.2f", s.Against, s.AgainstWithin),
			fmt.Sprintf("%g: %s", s.Options.Budget, o.Verdict()), fmt.Sprint(len(s.Trials))})
	}
	return headings, rows
}

// AccuracyVerdicts judge the published loss of 0 to 1 point by our own searches: the most and the least that a task loses on its
// held-out examples, tasks at chance left out.
func AccuracyVerdicts(all []Outcome) []published.Verdict {
	var most, least *Search
	for _, o := range Real(all) {
		loss, _ := o.Search.Loss()
		if most == nil || loss > lossOf(most) {
			most = o.Search
		}
		if least == nil || loss < lossOf(least) {
			least = o.Search
		}
	}
	var out []published.Verdict
	for _, r := range published.Figure(system, "accuracy") {
		if most == nil {
			break
		}
		s := most
		if r.Metric == "accuracy_loss_min" {
			s = least
		}
		loss, within := s.Loss()
		out = append(out, published.Judge(r, loss, published.Accuracy, published.Confidence(0), published.AtMost(),
			published.Because("%s of %d tasks of ours, held-out examples, +-%.2f (95 %%)", s.Task, len(Real(all)), within)))
	}
	return out
}

func lossOf(s *Search) float64 {
	points, _ := s.Loss()
	return points
}
