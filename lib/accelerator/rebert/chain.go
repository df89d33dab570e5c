package rebert

import (
	"slices"
	"strings"
)

// Stage is one station of the pipeline behind the inner product. A word spends Steps in it, and it takes a word every Interval
// steps.
type Stage struct {
	Name     string
	Steps    int // at least 1
	Interval int // at least 1; 1 never holds up a word-serial pipeline
}

// stations are the eight products and digital units between an inner product and the next layer's key. The activation works on
// the first feed-forward product as it leaves the converters.
var stations = []string{"softmax", "weighted sum", "output projection", "add and norm", "feed-forward 1", "feed-forward 2",
	"add and norm 2", "query, key, value"}

// Chain is a pipeline of depth steps from the inner product to the next layer's key. At eight each station takes a step;
// a shorter chain merges stations from the front, a longer one lets stations take two steps and more, beginning with the
// feed-forward products. It is empty for a depth of 0.
func Chain(depth int) []Stage {
	if depth <= 0 {
		return nil
	}
	n := min(depth, len(stations))
	merged := len(stations) - n + 1
	stages := []Stage{{Name: strings.Join(stations[:merged], ", "), Steps: 1, Interval: 1}}
	for _, name := range stations[merged:] {
		stages = append(stages, Stage{Name: name, Steps: 1, Interval: 1})
	}
	for i := range depth - n {
		stages[(4+i)%n].Steps++
	}
	return stages
}

// depth is D, the steps from the end of an inner product to the next layer's key.
func depth(stages []Stage) int {
	d := 0
	for _, s := range stages {
		d += s.Steps
	}
	return d
}

// WithDepth returns the machine with a chain of d steps.
func (s Spec) WithDepth(d int) Spec {
	s.Stages = Chain(d)
	return s
}

// Depth is D of the recurrences.
func (s Spec) Depth() int { return depth(s.Stages) }

// Chain is the pipeline that the model's own products ask for: eight stations for BERT; MobileBERT's four stacked feed-forward
// networks and its bottlenecks lengthen it.
func (m Model) Chain() []Stage {
	if m.FeedForwards == 1 && m.Bottleneck == 0 {
		return Chain(len(stations))
	}
	names := slices.Clone(stations[:4])
	for range m.FeedForwards {
		names = append(names, stations[4:7]...)
	}
	if m.Bottleneck > 0 {
		names = append(names, "output bottleneck", "add and norm 3", "input bottleneck")
	}
	names = append(names, stations[7])
	stages := make([]Stage, len(names))
	for i, n := range names {
		stages[i] = Stage{Name: n, Steps: 1, Interval: 1}
	}
	return stages
}
