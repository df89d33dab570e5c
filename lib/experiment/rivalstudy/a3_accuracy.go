package rivalstudy

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/lib/accelerator/a3"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/published"
)

// Setting is one point of A3's Figs. 11 to 13: a figure's config, and the two filters; 0 turns one off.
type Setting struct {
	Figure, Config string
	Iterations     float64 // M/n
	Percent        float64 // T
}

// Settings are all points of the three figures.
func Settings() []Setting {
	all := []Setting{{"fig11a", "none", 0, 0}, {"fig11a", "M=n", 1, 0}, {"fig11a", "M=3n/4", 0.75, 0}, {"fig11a", "M=n/2", 0.5, 0}, {"fig11a", "M=n/4", 0.25, 0}, {"fig11a", "M=n/8", 0.125, 0}}
	for _, t := range []float64{1, 2.5, 5, 10, 20} {
		all = append(all, Setting{"fig12a", fmt.Sprintf("T=%g%%", t), 0, t})
	}
	return append(all, Setting{"fig13a", "conservative", 0.5, 5}, Setting{"fig13a", "aggressive", 0.125, 10})
}

// Point is what a setting gives on one of our models.
type Point struct {
	Setting
	Model, Held          string
	Accuracy             float64 // %
	Drop, Half           float64 // points below exact attention on the same examples, with its 95 % interval
	Candidates, Selected float64 // means over queries, over n
	Recall               float64 // share of the true five best scores of a query that are selected
}

// count sums what the filters keep.
type count struct {
	mu                                          sync.Mutex
	queries, candidates, selected, found, asked float64
}

// best is how many of the highest scores recall looks for.
const best = 5

// largest is the k-th largest of the scores, k at most best.
func largest(scores []int32, k int) int32 {
	var top [best]int32 // descending
	n := 0
	for _, x := range scores {
		if n == k && x <= top[k-1] {
			continue
		}
		i := min(n, k-1)
		for ; i > 0 && top[i-1] < x; i-- {
			top[i] = top[i-1]
		}
		top[i], n = x, min(n+1, k)
	}
	return top[k-1]
}

func (s Setting) mask(h *attention.Head, c *count) *attention.Mask {
	m := attention.NewMask(h.Tokens, h.Tokens)
	percent := s.Percent
	if percent == 0 {
		percent = 1e-300 // nothing lies that far below
	}
	distance := math.Log(100/percent) / h.ScoreScale()
	var search *pruning.Search
	if s.Iterations > 0 {
		search = pruning.NewSearch(pruning.SortKeys(h.K[:h.Valid*h.Dim], h.Dim))
	}
	scorer := attention.NewScorer(h)
	var queries, candidates, selected, found, asked float64
	everything := make([]int, h.Valid)
	for j := range everything {
		everything[j] = j
	}
	for t := range h.Valid {
		row := scorer.Row(t)
		rows := everything[:len(row)]
		if search != nil {
			rows = search.Run(h.Query(t), len(row), max(1, int(math.Ceil(s.Iterations*float64(len(row))))))
		}
		top := row[rows[0]]
		for _, j := range rows {
			top = max(top, row[j])
		}
		k := min(best, len(row))
		fifth := largest(row, k)
		queries++
		candidates += float64(len(rows)) / float64(len(row))
		for _, j := range rows {
			if float64(top-row[j]) <= distance {
				m.Keep(t, j)
				selected += 1 / float64(len(row))
				if row[j] >= fifth {
					found++
				}
			}
		}
		asked += float64(k)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queries += queries
	c.candidates += candidates
	c.selected += selected
	c.found += found
	c.asked += asked
	return m
}

// Accuracies runs examples of each model through A3's datapath (4.4 fixed point, two-table exponent) under every setting.
func Accuracies(ctx context.Context, backend compute.Backend, models []experiment.Model, examples int) ([]Point, error) {
	var all []Point
	for _, m := range models {
		e, err := experiment.NewEvaluator(backend, m.Dense)
		if err != nil {
			return nil, err
		}
		defer e.Close()
		var exact experiment.Score
		for _, s := range Settings() {
			c := &count{}
			unit := a3.Base()
			score, err := e.Accuracy(ctx, m.Sample(examples), 8, func(_ experiment.Site, h *attention.Head, context []float32) error {
				out, err := unit.Attend(h, s.mask(h, c))
				for i, x := range out {
					context[i] = float32(x)
				}
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("rivalstudy: A3, %s: %w", m.Title(), err)
			}
			if s.Config == "none" {
				exact = score
			}
			p := Point{Setting: s, Model: m.Title(), Held: m.Held, Accuracy: score.Accuracy(), Candidates: c.candidates / c.queries, Selected: c.selected / c.queries,
				Recall: min(1, c.found/c.asked)}
			if p.Drop, p.Half, err = score.Drop(exact); err != nil {
				return nil, err
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// Rows are the points of one figure as rows of ours: accuracy in percent, or the share that fig11b, fig12b or fig13b shows.
// The unfiltered point stands in front of each, as in the paper.
func Rows(points []Point, figure string) []published.Row {
	pick := map[string]struct {
		from, none, series, metric, unit string
		value                            func(Point) float64
	}{
		"fig11a": {"fig11a", "none", "candidate selection", "accuracy", "%", func(p Point) float64 { return p.Accuracy }},
		"fig12a": {"fig12a", "none", "post-scoring selection", "accuracy", "%", func(p Point) float64 { return p.Accuracy }},
		"fig13a": {"fig13a", "base", "A3", "accuracy", "%", func(p Point) float64 { return p.Accuracy }},
		"fig11b": {"fig11a", "none", "candidate selection", "candidates_over_n", "1", func(p Point) float64 { return p.Candidates }},
		"fig12b": {"fig12a", "none", "post-scoring selection", "selected_over_n", "1", func(p Point) float64 { return p.Selected }},
		"fig13b": {"fig13a", "base", "A3", "true_top5_recall", "1", func(p Point) float64 { return p.Recall }},
	}[figure]
	var out []published.Row
	for _, p := range points {
		config := p.Config
		switch {
		case p.Config == "none":
			config = pick.none
		case p.Figure != pick.from:
			continue
		}
		out = append(out, published.Row{System: "a3", Figure: figure, Series: pick.series, Workload: p.Model, Config: config, Metric: pick.metric, Unit: pick.unit, Value: pick.value(p)})
	}
	return out
}
