package datasets

import "slices"

// ConstantAccuracy is the share of test examples, in 0..1, that the most frequent label of train answers right.
func ConstantAccuracy(train, test []Example) float64 {
	return featureAccuracy(train, test, func(Example) int32 { return 0 })
}

// RootOperatorAccuracy is the share of test examples, in 0..1, answered right by a predictor that reads one token, the
// root operator, and gives the label that train most often has with it. A model that has learnt more than that beats it:
// on ListOps at the benchmark's own length it reaches 0.362, the published Transformer 0.3637.
func RootOperatorAccuracy(train, test []Example) float64 {
	return featureAccuracy(train, test, func(e Example) int32 {
		if len(e.IDs) < 2 {
			return Unknown
		}
		return e.IDs[1]
	})
}

// featureAccuracy is the accuracy of the majority label per value of a feature; values new to test get the overall majority.
func featureAccuracy(train, test []Example, feature func(Example) int32) float64 {
	if len(test) == 0 {
		return 0
	}
	overall := map[int32]int{}
	perFeature := map[int32]map[int32]int{}
	for _, e := range train {
		f := feature(e)
		if perFeature[f] == nil {
			perFeature[f] = map[int32]int{}
		}
		perFeature[f][e.Label]++
		overall[e.Label]++
	}
	answer := map[int32]int32{}
	for f, counts := range perFeature {
		answer[f] = majority(counts)
	}
	other := majority(overall)
	right := 0
	for _, e := range test {
		a, ok := answer[feature(e)]
		if !ok {
			a = other
		}
		if a == e.Label {
			right++
		}
	}
	return float64(right) / float64(len(test))
}

// majority is the most frequent label, the lowest on a tie.
func majority(counts map[int32]int) int32 {
	labels := make([]int32, 0, len(counts))
	for l := range counts {
		labels = append(labels, l)
	}
	slices.Sort(labels)
	best := int32(0)
	for _, l := range labels {
		if counts[l] > counts[best] {
			best = l
		}
	}
	return best
}

// LabelShares is the share of each of the given number of classes, in 0..1.
func LabelShares(examples []Example, classes int) []float64 {
	shares := make([]float64, classes)
	for _, e := range examples {
		shares[e.Label]++
	}
	for c := range shares {
		shares[c] /= float64(max(1, len(examples)))
	}
	return shares
}

// MeanTokens is the mean number of tokens of examples, CLS included.
func MeanTokens(examples []Example) float64 {
	sum := 0
	for _, e := range examples {
		sum += len(e.IDs)
	}
	return float64(sum) / float64(max(1, len(examples)))
}
