package trace

import "math"

// quantile is the standard normal quantile.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// StayKeptProbability is the chance that a key kept by one query is kept by the next, when scores are standard normal
// with correlation a between neighbours and a fraction p of them is pruned: P(X>z, Y>z)/P(X>z). The orthant probability
// is Plackett's integral of the bivariate density over the correlation, in the angle asin a, where it is smooth.
func StayKeptProbability(p, a float64) float64 {
	z := quantile(p)
	kept := 1 - p
	f := func(u float64) float64 { return math.Exp(-z*z/(1+math.Sin(u))) / (2 * math.Pi) }
	// Simpson's rule; 64 intervals leave an error far below any use of it.
	const n = 64
	h := math.Asin(a) / n
	sum := f(0) + f(n*h)
	for i := 1; i < n; i++ {
		sum += f(float64(i)*h) * float64(2+2*(i&1))
	}
	return (kept*kept + sum*h/3) / kept
}
