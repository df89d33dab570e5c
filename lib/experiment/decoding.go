package experiment

import (
	"fmt"
	"strings"

	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/pruning"
)

// Decoding says what SpAtten (HPCA 2021) takes away from a decoder while it generates. The zero value takes nothing.
type Decoding struct {
	TokenRatio float64 // mean pruned share of the tokens in the layers behind the front 15 %, in [0,1)
	HeadRatio  float64 // mean pruned share of the heads in the layers behind the front 30 %, in [0,1)
	Values     float64 // share of a query's probabilities that multiply values, in (0,1]; 0 = 1
	// Keys in two planes; values as wide as the first. nil computes with real numbers.
	Progressive *fixedpoint.Progressive
	Rescale     float64 // of the tokens' importance for each new token, in (0,1]; 0 = DefaultRescale
	Recent      int     // newest tokens that are never pruned; 0 = DefaultRecent, 1 = the token being written alone
}

// DefaultRescale is what is left of the tokens' earnings with every new token. The authors' workload files have a flag that
// asks for a rescaling, without its factor (assumed: with 1 the oldest tokens, which had most time to earn, crowd out the
// newest; below 0.8 hardly any old token survives, and the cascade becomes a window).
const DefaultRescale = 0.9

// DefaultRecent is the number of newest tokens that stay (assumed; the paper protects none): a token earns little before
// its continuation is written.
const DefaultRecent = 12

// The front layers that stay whole (section V-A), and the ratio of the first pruned layer over the mean (assumed: the
// paper gives only the mean and that the ratio grows linearly).
const (
	tokenFront = 0.15
	headFront  = 0.30
	startShare = 0.5
)

func (o Decoding) withDefaults() Decoding {
	if o.Values == 0 {
		o.Values = 1
	}
	if o.Rescale == 0 {
		o.Rescale = DefaultRescale
	}
	if o.Recent == 0 {
		o.Recent = DefaultRecent
	}
	return o
}

// schedule spreads a mean ratio over layers; a mean that would take the last layer beyond lastRatio starts higher.
func schedule(layers int, front, mean float64) pruning.Schedule {
	return pruning.Schedule{Layers: layers, Front: front, Average: mean, Start: max(startShare*mean, 2*mean-lastRatio)}
}

// lastRatio bounds the pruned share of the last layer: the highest in the authors' workload files.
const lastRatio = 0.9

func (o Decoding) cascade(layers int) (pruning.GenerationOptions, error) {
	g := pruning.GenerationOptions{Rescale: o.Rescale, Recent: o.Recent}
	for _, s := range []struct {
		name  string
		front float64
		mean  float64
		to    *[]float64
	}{{"TokenRatio", tokenFront, o.TokenRatio, &g.Tokens}, {"HeadRatio", headFront, o.HeadRatio, &g.Heads}} {
		line := schedule(layers, s.front, s.mean)
		if err := line.Validate(); err != nil {
			return g, fmt.Errorf("experiment: Decoding.%s: %w", s.name, err)
		}
		*s.to = line.Ratios()
	}
	if !(o.Values > 0 && o.Values <= 1) {
		return g, fmt.Errorf("experiment: Decoding.Values is %v, must be in (0,1]", o.Values)
	}
	if o.Progressive != nil {
		if err := o.Progressive.Validate(); err != nil {
			return g, fmt.Errorf("experiment: Decoding.Progressive: %w", err)
		}
	}
	return g, g.Validate()
}

// Fetched counts what the attention of generated tokens read.
type Fetched struct {
	Keys, Values           int64 // vectors, over layers and heads
	DenseKeys, DenseValues int64 // what dense attention reads
	Rows, LowRows          int64 // queries of a head, and those that needed the keys' low bits
	Heads, DenseHeads      int64 // heads computed
	Bits, DenseBits        int64 // of keys and values; dense ones at 32 bits
}

func (f *Fetched) add(o Fetched) {
	f.Keys, f.Values, f.DenseKeys, f.DenseValues = f.Keys+o.Keys, f.Values+o.Values, f.DenseKeys+o.DenseKeys, f.DenseValues+o.DenseValues
	f.Rows, f.LowRows, f.Heads, f.DenseHeads = f.Rows+o.Rows, f.LowRows+o.LowRows, f.Heads+o.Heads, f.DenseHeads+o.DenseHeads
	f.Bits, f.DenseBits = f.Bits+o.Bits, f.DenseBits+o.DenseBits
}

// Reduction is how many times fewer keys and values are read: the paper's 3.8x on GPT-2.
func (f Fetched) Reduction() float64 {
	return float64(f.DenseKeys+f.DenseValues) / float64(f.Keys+f.Values)
}

// TrafficReduction is how many times fewer bits of keys and values are read than dense 32-bit attention reads.
func (f Fetched) TrafficReduction() float64 { return float64(f.DenseBits) / float64(f.Bits) }

// TokenKeep, HeadKeep and LowShare are shares in 0..1: keys read a computed head, heads computed, and rows that needed the
// low bits.
func (f Fetched) TokenKeep() float64 {
	return float64(f.Keys) / float64(f.DenseKeys) / f.HeadKeep()
}

func (f Fetched) HeadKeep() float64 { return float64(f.Heads) / float64(f.DenseHeads) }

func (f Fetched) LowShare() float64 { return float64(f.LowRows) / float64(max(1, f.Rows)) }

// decoding is the attention of one text under a Decoding.
type decoding struct {
	o       Decoding
	cascade *pruning.Generation
	cache   *planes // nil for real numbers
	fetched Fetched
	watch   func(layer int, tokens []int32) // what a layer attends to; may be nil

	tokens []int32
	p      []float32
	order  []float64
}

// String names what is taken away.
func (o Decoding) String() string {
	var parts []string
	if o.TokenRatio > 0 {
		parts = append(parts, fmt.Sprintf("tokens -%.0f %%", 100*o.TokenRatio))
	}
	if o.HeadRatio > 0 {
		parts = append(parts, fmt.Sprintf("heads -%.0f %%", 100*o.HeadRatio))
	}
	if o.Values > 0 && o.Values < 1 {
		parts = append(parts, fmt.Sprintf("values -%.0f %%", 100*(1-o.Values)))
	}
	if o.Progressive != nil {
		parts = append(parts, fmt.Sprintf("%d+%d bits", o.Progressive.MSB, o.Progressive.LSB))
	}
	if len(parts) == 0 {
		return "dense"
	}
	return strings.Join(parts, ", ")
}
