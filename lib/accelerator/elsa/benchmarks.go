package elsa

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/legal"
	"github.com/sparse-attention/workbench/lib/published"
	"github.com/sparse-attention/workbench/lib/unit"
)

// Degree is how much quality the approximation may cost: the three settings of the evaluation (section V-C).
type Degree uint8

const (
	Conservative Degree = iota // 1 % (recommenders 0.5 %)
	Moderate                   // 2.5 % (1 %)
	Aggressive                 // 5 % (2 %)

	Degrees int = iota // how many there are
)

func (d Degree) String() string {
	return legal.Name(d, "Degree", "Conservative", "Moderate", "Aggressive")
}

// Series is the degree's name in the published rows.
func (d Degree) Series() string { return "ELSA-" + d.String() }

// Benchmark is one of the twelve workloads as the figures imply it.
type Benchmark struct {
	Name        string           // as in the published rows
	Tokens      int              // mean real length, from the preprocessing share of Fig. 11(b)
	Share       [Degrees]float64 // kept keys over real ones, from Fig. 13(b)
	BaseOverGPU float64          // twelve Base accelerators over a V100, Fig. 11(a): anchors the GPU's time
}

// Benchmarks reads the workloads from the published rows, in the paper's order.
func Benchmarks() ([]Benchmark, error) {
	var all []Benchmark
	for _, r := range published.Figure("elsa", "derived-length") {
		b := Benchmark{Name: r.Workload, Tokens: int(math.Round(r.Value))}
		for d := range Degrees {
			share, err := find("derived-share", Degree(d).Series(), b.Name, "implied_selected_share")
			if err != nil {
				return nil, err
			}
			b.Share[d] = share
		}
		var err error
		if b.BaseOverGPU, err = find("fig11a-throughput", "ELSA-Base", b.Name, "speedup"); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// find takes the one row of a figure whatever its configuration.
func find(figure, series, workload, metric string) (float64, error) {
	for _, r := range published.Figure("elsa", figure) {
		if r.Series == series && r.Workload == workload && r.Metric == metric {
			return r.Value, nil
		}
	}
	return 0, fmt.Errorf("elsa: no published %s of %s, %s in %s", metric, series, workload, figure)
}

// GPUSeconds is the time of one head on the GPU that follows from the anchor.
func (b Benchmark) GPUSeconds(base Report) float64 {
	return b.BaseOverGPU * base.Seconds() / Accelerators
}

// GPUPower is the V100's: its TDP, which Fig. 13(a) uses (sheet, derived from Figs. 11(a) and 13(a)).
const GPUPower unit.Watts = 250

// OverGPU is the throughput of the paper's twelve accelerators over the GPU.
func (b Benchmark) OverGPU(base, r Report) float64 {
	return Accelerators * b.GPUSeconds(base) / r.Seconds()
}

// EfficiencyOverGPU is performance per watt over the GPU.
func (b Benchmark) EfficiencyOverGPU(base, r Report) float64 {
	return b.OverGPU(base, r) * float64(GPUPower) / (Accelerators * float64(r.Power()))
}

// Placement says where the kept keys of a query lie. Neither is known.
type Placement uint8

const (
	Run       Placement = iota // neighbours, as local attention keeps them: even over interleaved banks
	Scattered                  // anywhere, independently: the least even
)

func (p Placement) String() string { return legal.Name(p, "Placement", "run", "scattered") }

// Workload draws a head of the benchmark and the keys that it keeps at a degree.
func (b Benchmark) Workload(d Degree, p Placement, seed uint64) Workload {
	h := &attention.Head{Tokens: b.Tokens, Valid: b.Tokens, Dim: 64}
	return Workload{Name: b.Name, Head: h, Mask: Draw(b.Tokens, b.Share[d], p, seed)}
}

// Draw makes a mask of n x n that keeps the given share. How many keys a query keeps follows the distribution of most
// entropy on 0..n with that mean, a truncated exponential, because nothing but the mean is known; at least one is kept.
// The quantiles are evenly spaced and shuffled, so that the mean is met in every mask.
func Draw(n int, share float64, p Placement, seed uint64) *attention.Mask {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	rate := truncatedRate(share)
	m := attention.NewMask(n, n)
	order := r.Perm(n)
	carry := 0.0 // what rounding has left over
	for i := range n {
		x := float64(n)*truncatedQuantile(rate, (float64(i)+0.5)/float64(n)) + carry
		k := max(1, min(n, int(math.Round(x))))
		carry = x - float64(k)
		t := order[i]
		switch p {
		case Scattered:
			for _, j := range r.Perm(n)[:k] {
				m.Keep(t, j)
			}
		default:
			from := r.IntN(n - k + 1)
			for j := from; j < from+k; j++ {
				m.Keep(t, j)
			}
		}
	}
	return m
}

// truncatedQuantile inverts the distribution with density proportional to exp(-rate x) on 0..1.
func truncatedQuantile(rate, u float64) float64 {
	if math.Abs(rate) < 1e-9 {
		return u
	}
	return -math.Log1p(u*math.Expm1(-rate)) / rate
}

// truncatedRate is the rate whose distribution has the given mean, 0 < mean < 1.
func truncatedRate(mean float64) float64 {
	low, high := -700.0, 700.0
	for range 100 {
		rate := (low + high) / 2
		at := 0.5
		if math.Abs(rate) > 1e-9 {
			at = 1/rate - 1/math.Expm1(rate)
		}
		if at > mean {
			low = rate
		} else {
			high = rate
		}
	}
	return (low + high) / 2
}
