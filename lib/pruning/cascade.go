package pruning

import (
	"fmt"
	"math"
)

// Schedule spreads a pruning ratio over the layers of a model as SpAtten does (HPCA 2021, section V-A): a front part keeps
// everything, the rest follows a line. Ratios are shares of the original count (assumed; the paper does not say).
type Schedule struct {
	Layers  int
	Front   float64 // share of layers left alone: 0.15 for tokens, 0.30 for heads in the paper
	Average float64 // ratio of the rest, mean of Start and its mirror image
	Start   float64 // ratio of the first pruned layer; the last has 2*Average - Start
}

// Validate reports the first field out of range.
func (s Schedule) Validate() error {
	switch {
	case s.Layers < 1:
		return fmt.Errorf("pruning: Schedule.Layers is %d, must be at least 1", s.Layers)
	case !(s.Front >= 0 && s.Front <= 1):
		return fmt.Errorf("pruning: Schedule.Front is %v, must be in 0..1", s.Front)
	case !(s.Average >= 0 && s.Average < 1):
		return fmt.Errorf("pruning: Schedule.Average is %v, must be in [0,1)", s.Average)
	case !(s.Start >= 0 && s.Start < 1 && 2*s.Average-s.Start >= 0 && 2*s.Average-s.Start < 1):
		return fmt.Errorf("pruning: Schedule.Start is %v, must be in [0,1) with 2 x Average - Start in [0,1) too", s.Start)
	}
	return nil
}

// Ratios is the pruned share of the original count in every layer.
func (s Schedule) Ratios() []float64 {
	r := make([]float64, s.Layers)
	front := min(s.Layers, int(math.Ceil(s.Front*float64(s.Layers)-1e-9)))
	end := 2*s.Average - s.Start
	for l := front; l < s.Layers; l++ {
		r[l] = s.Start
		if n := s.Layers - front; n > 1 {
			r[l] += (end - s.Start) * float64(l-front) / float64(n-1)
		}
	}
	return r
}

// steepest is the largest pruned share that Spread gives a last layer, so that something is left.
const steepest = 0.95

// Spread is the schedule that runs from half of the average ratio to one and a half times, or as steep as leaves something
// in the last layer (assumed; the paper says linear, and that the split over layers matters little). A single layer behind the
// front gets the average.
func Spread(layers int, front, average float64) ([]float64, error) {
	s := Schedule{Layers: layers, Front: front, Average: average, Start: max(average/2, 2*average-steepest)}
	if int(math.Ceil(front*float64(layers)-1e-9)) == layers-1 {
		s.Start = average
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s.Ratios(), nil
}

// Keep is how many of n a ratio leaves: n x (1-ratio) rounded down as in the authors' workload files, at least 1.
func Keep(n int, ratio float64) int { return max(1, int(float64(n)*(1-ratio)+1e-9)) }

// Cascade is SpAtten's cascade pruning: tokens and heads earn importance over layers; those that fall out never return.
type Cascade struct {
	tokens, heads           []float64
	tokenAlive, headAlive   []bool
	tokensAlive, headsAlive int
}

// NewCascade starts with all tokens and heads alive and nothing earned.
func NewCascade(tokens, heads int) *Cascade {
	c := &Cascade{tokens: make([]float64, tokens), heads: make([]float64, heads),
		tokenAlive: make([]bool, tokens), headAlive: make([]bool, heads), tokensAlive: tokens, headsAlive: heads}
	for i := range c.tokenAlive {
		c.tokenAlive[i] = true
	}
	for i := range c.headAlive {
		c.headAlive[i] = true
	}
	return c
}

// AddProbabilities credits each token with the attention that one query of one head paid to it: p[i] is the probability
// of token keys[i], or of token i when keys is nil.
func (c *Cascade) AddProbabilities(p []float64, keys []int32) {
	for i, x := range p {
		if keys != nil {
			i = int(keys[i])
		}
		c.tokens[i] += x
	}
}

// AddOutput credits a head with the magnitude of what it put out for one query.
func (c *Cascade) AddOutput(head int, output []float64) {
	for _, x := range output {
		c.heads[head] += math.Abs(x)
	}
}

// TokenImportance is what each token has earned so far; the slice is the cascade's own.
func (c *Cascade) TokenImportance() []float64 { return c.tokens }

// HeadImportance is what each head has earned so far; the slice is the cascade's own.
func (c *Cascade) HeadImportance() []float64 { return c.heads }

// Tokens lists the tokens alive, ascending.
func (c *Cascade) Tokens() []int { return alive(c.tokenAlive) }

// Heads lists the heads alive, ascending.
func (c *Cascade) Heads() []int { return alive(c.headAlive) }

// PruneTokens keeps the most important of the tokens alive; among equals the first ones stay. Keeping as many as there
// are, or more, changes nothing.
func (c *Cascade) PruneTokens(keep int) {
	c.tokensAlive = prune(c.tokens, c.tokenAlive, c.tokensAlive, keep)
}

// PruneHeads does the same for heads.
func (c *Cascade) PruneHeads(keep int) {
	c.headsAlive = prune(c.heads, c.headAlive, c.headsAlive, keep)
}

func alive(on []bool) []int {
	var list []int
	for i, a := range on {
		if a {
			list = append(list, i)
		}
	}
	return list
}

func prune(importance []float64, on []bool, count, keep int) int {
	keep = max(keep, 1)
	if keep >= count {
		return count
	}
	list := alive(on)
	earned := make([]float64, len(list))
	for i, j := range list {
		earned[i] = importance[j]
		on[j] = false
	}
	for _, i := range QuickSelect(earned, keep, nil).Filter(earned) {
		on[list[i]] = true
	}
	return keep
}
