package datasets

import (
	"cmp"
	"slices"
	"strings"
)

// maximal keeps the texts that are no run of words of a longer one, in their order. SST-2's training file holds every
// labelled phrase of the treebank beside the sentence that it was cut from; what is left is the sentences, and the longest
// labelled phrases of those whose own label is neutral.
func maximal(examples []Example) []Example {
	split := make([][]string, len(examples))
	order := make([]int, len(examples))
	for i, e := range examples {
		split[i], order[i] = Words.split(e.Text), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(split[b]), len(split[a])) })
	inside := map[string]struct{}{}
	var kept []int
	for _, i := range order {
		w := split[i]
		text := strings.Join(w, " ")
		if _, ok := inside[text]; ok {
			continue
		}
		kept = append(kept, i)
		ends := []int{0} // word k is text[ends[k]+blank : ends[k+1]]
		for _, word := range w {
			ends = append(ends, ends[len(ends)-1]+len(word)+1)
		}
		for from := range w {
			for to := from + 1; to <= len(w); to++ {
				inside[text[ends[from]:ends[to]-1]] = struct{}{}
			}
		}
	}
	slices.Sort(kept)
	out := make([]Example, len(kept))
	for i, k := range kept {
		out[i] = examples[k]
	}
	return out
}
