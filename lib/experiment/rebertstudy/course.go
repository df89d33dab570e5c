package rebertstudy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/training"
)

// Course is a search candidate by candidate: the scores, those out of budget and those taken, with the least score allowed; and the
// mean half-window that was held.
func Course(o Outcome) (scores, windows []published.Row) {
	s := o.Search
	held := float64(s.Tokens - 1)
	for i, t := range s.Trials {
		n := fmt.Sprintf("n=%d", i+1)
		series := "out of budget"
		if t.Kept || i == 0 {
			series, held = "taken", training.MeanHalf(t.Half)
		}
		scores = append(scores, row("search", series, series, n, "accuracy", "%", t.Score), row("search", "budget", "least allowed", n, "accuracy", "%", s.Full-s.Options.spend()))
		windows = append(windows, row("search", "mean", o.Task.Title, n, "half_window", "words", held))
	}
	slices.SortStableFunc(scores, func(a, b published.Row) int {
		return slices.Index(courseOrder, a.Workload) - slices.Index(courseOrder, b.Workload)
	})
	return scores, windows
}

var courseOrder = []string{"taken", "out of budget", "least allowed"}

// BudgetTable sets the searches of the same tasks with several budgets beside each other; tasks with one budget are left out.
func BudgetTable(budgets ...[]Outcome) (headings []string, rows [][]string) {
	headings = []string{"task", "budget (points)", "half-windows", "mean", "mean / N", "loss on held-out examples (points)", "", "candidates"}
	searches := map[string]int{}
	for _, o := range slices.Concat(budgets...) {
		searches[o.Task.Name]++
	}
	for _, o := range slices.Concat(budgets...) {
		if searches[o.Task.Name] < 2 {
			continue
		}
		s := o.Search
		loss, within := s.Loss()
		rows = append(rows, []string{o.Task.Title, fmt.Sprintf("%g", s.Options.Budget), fmt.Sprint(s.Half), fmt.Sprintf("%.1f", s.Mean()), fmt.Sprintf("%.2f", s.Mean()/float64(s.Tokens)),
			fmt.Sprintf("%.2f +-%.2f", loss, within), o.Verdict(), fmt.Sprint(len(s.Trials))})
	}
	slices.SortStableFunc(rows, func(a, b []string) int { return slices.Compare(a[:1], b[:1]) })
	return headings, rows
}

// BudgetRows are the mean half-windows by task and budget, in per cent of the padded length; tasks at chance are left out.
func BudgetRows(budgets ...[]Outcome) []published.Row {
	var rows []published.Row
	for _, o := range Real(slices.Concat(budgets...)) {
		s := o.Search
		rows = append(rows, row("budgets", fmt.Sprintf("budget of %g points", s.Options.Budget), o.Task.Title, "", "mean_half_window", "% of N", 100*s.Mean()/float64(s.Tokens)))
	}
	return rows
}

// ConfirmTable lists the windows that were fine-tuned to the end and looked at again, on examples that the search had not seen.
func ConfirmTable(all []Outcome) (headings []string, rows [][]string) {
	headings = []string{"task", "budget (points)", "may lose here", "examples", "half-windows", "full, trained as long (%)", "loss (points)", ""}
	for _, o := range all {
		s := o.Search
		for _, c := range s.Tried {
			verdict := "wider ones next"
			if c.Taken {
				verdict = "confirmed"
			}
			rows = append(rows, []string{o.Task.Title, fmt.Sprintf("%g", s.Options.Budget), fmt.Sprintf("%g", s.Options.spend()), fmt.Sprint(s.Confirm), fmt.Sprint(c.Half),
				fmt.Sprintf("%.1f", c.Full), fmt.Sprintf("%.2f +-%.2f", c.Loss, c.Within), verdict})
		}
	}
	return headings, rows
}

// Exhaustive compares the greedy search with the best on the same grid of half-windows, without fine-tuning.
type Exhaustive struct {
	Task         string
	Tokens       int
	Grid         []int
	Budget       float64
	Full         float64 // score with full attention, search split
	Examples     int
	Best         []int // the narrowest combination within the budget
	BestScore    float64
	BestTried    int
	Greedy       map[string][]int // by order
	GreedyScore  map[string]float64
	GreedyTried  map[string]int
	Combinations int
}

// Exhaust tries the combinations of halvings of N-1 on the encoder, and the greedy search in its three orders, on so many
// examples of the search split (0 = all). The log in the folder
// spares what was measured before.
func (e *Encoder) Exhaust(ctx context.Context, backend compute.Backend, at Folders, budget float64, examples int, observer training.Observer) (*Exhaustive, error) {
	data := *e.Data
	data.Dev = datasets.Spread(data.Dev, examples)
	m, err := experiment.CopyOf(e.Model, 0)
	if err != nil {
		return nil, err
	}
	tuner, err := training.NewWindowTuner(backend, m, &data, training.WindowTuning{})
	if err != nil {
		return nil, err
	}
	defer tuner.Close()
	folder := filepath.Join(at.Models, e.Task.Name, "exhaustive")
	log, err := training.OpenWindowLog(folder, fmt.Sprintf("%s %.12s exhaustive, %d examples", e.Task.Name, e.Card.DataHash, len(data.Dev)), tuner)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	grid := []int{m.Spec.Tokens - 1}
	for w := grid[0] / 2; w > 0; w /= 2 {
		grid = append(grid, w)
	}
	grid = append(grid, 0)
	s := training.WindowSearch{Layers: m.Spec.Layers, Tokens: m.Spec.Tokens, Budget: budget, Candidates: grid[1 : len(grid)-1], Step: training.Halve, Observer: observer}
	x := &Exhaustive{Task: e.Task.Name, Tokens: m.Spec.Tokens, Grid: grid, Budget: budget, Examples: len(data.Dev), Combinations: 1,
		Greedy: map[string][]int{}, GreedyScore: map[string]float64{}, GreedyTried: map[string]int{}}
	for range m.Spec.Layers {
		x.Combinations *= len(grid)
	}
	for _, order := range []training.WindowOrder{training.FirstToLast, training.LastToFirst, training.ByCost} {
		s.Order = order
		f, err := s.Run(ctx, scoresOnly{log})
		if err != nil {
			return nil, err
		}
		x.Greedy[order.String()], x.GreedyScore[order.String()], x.GreedyTried[order.String()] = f.Half, f.Score, len(f.Trials)
	}
	best, err := s.Exhaust(ctx, scoresOnly{log}, grid)
	if err != nil {
		return nil, err
	}
	x.Full, x.Best, x.BestScore, x.BestTried = best.Full, best.Half, best.Score, len(best.Trials)
	return x, experiment.WriteJSON(filepath.Join(at.results(), e.Task.Name, "exhaustive", "exhaustive.json"), x)
}

// scoresOnly holds the same weights for ever, so that every order of candidates shares one log.
type scoresOnly struct{ *training.WindowLog }

// Keep implements training.WindowModel.
func (scoresOnly) Keep() error { return nil }

// LoadExhaustive reads the comparisons that are in the folder of models.
func LoadExhaustive(models string) ([]Exhaustive, error) {
	var all []Exhaustive
	for _, t := range Tasks() {
		var x Exhaustive
		err := experiment.ReadJSON(filepath.Join(models, t.Name, "exhaustive", "exhaustive.json"), &x)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// ExhaustiveTable lists them.
func ExhaustiveTable(all []Exhaustive) (headings []string, rows [][]string) {
	headings = []string{"task", "search", "half-windows", "mean", "score on the search split (%)", "full attention (%)", "examples", "candidates"}
	for _, x := range all {
		line := func(search string, half []int, score float64, tried int) {
			rows = append(rows, []string{x.Task, search, fmt.Sprint(half), fmt.Sprintf("%.1f", training.MeanHalf(half)), fmt.Sprintf("%.1f", score), fmt.Sprintf("%.1f", x.Full), fmt.Sprint(x.Examples), fmt.Sprint(tried)})
		}
		for _, order := range []string{"first to last", "last to first", "by cost"} {
			line("greedy, "+order, x.Greedy[order], x.GreedyScore[order], x.GreedyTried[order])
		}
		line(fmt.Sprintf("exhaustive, of %d", x.Combinations), x.Best, x.BestScore, x.BestTried)
	}
	return headings, rows
}
