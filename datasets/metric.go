package datasets

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// The official measures of the tasks, of predictions against targets of the same length. Shares are in 0..1, correlations in
// -1..1; a correlation that is undefined because one side never varies is 0, as in the usual scripts.

// Accuracy is the share of right answers.
func Accuracy(predicted, targets []int32) float64 {
	right := 0
	for i, p := range predicted {
		if p == targets[i] {
			right++
		}
	}
	return float64(right) / float64(max(1, len(predicted)))
}

// confusion counts the answers of a two-class task whose positive class is 1.
func confusion(predicted, targets []int32) (tp, fp, fn, tn float64) {
	for i, p := range predicted {
		switch {
		case p == 1 && targets[i] == 1:
			tp++
		case p == 1:
			fp++
		case targets[i] == 1:
			fn++
		default:
			tn++
		}
	}
	return tp, fp, fn, tn
}

// F1 is the harmonic mean of precision and recall of class 1: MRPC's measure beside accuracy.
func F1(predicted, targets []int32) float64 {
	tp, fp, fn, _ := confusion(predicted, targets)
	if tp == 0 {
		return 0
	}
	return 2 * tp / (2*tp + fp + fn)
}

// Matthews is the correlation of two binary variables: CoLA's measure.
func Matthews(predicted, targets []int32) float64 {
	tp, fp, fn, tn := confusion(predicted, targets)
	scale := math.Sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
	if scale == 0 {
		return 0
	}
	return (tp*tn - fp*fn) / scale
}

// Pearson is the linear correlation: STS-B's measure.
func Pearson(predicted, targets []float64) float64 {
	if r := stat.Correlation(predicted, targets, nil); r == r {
		return r
	}
	return 0
}

// Spearman is the linear correlation of the ranks, equal values sharing their mean rank: STS-B's other measure.
func Spearman(predicted, targets []float64) float64 {
	return Pearson(ranks(predicted), ranks(targets))
}

func ranks(values []float64) []float64 {
	order := indices(len(values))
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to+1) / 2
		}
		from = to
	}
	return out
}

// Perplexity is exp of the mean of nats per predicted unit: a word of WikiText-2, a byte of the byte-level texts.
func Perplexity(nats float64, units int) float64 { return math.Exp(nats / float64(max(1, units))) }

// MeanInterval is the mean of independent runs and the half width of its 95 % interval by Student's t; 0 for a single run.
func MeanInterval(values []float64) (mean, half float64) {
	n := len(values)
	if n < 2 {
		return stat.Mean(values, nil), 0
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(0.975)
	return mean, t * deviation / math.Sqrt(float64(n))
}
