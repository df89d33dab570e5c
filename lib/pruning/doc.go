// Package pruning decides what to keep: one method a file, each pure and deterministic.
//
//   - threshold.go, rate.go, store.go: learned per-layer thresholds as LeOPArd (ISCA 2022) trains them and SPRINT
//     (MICRO 2022, section 2 of its reference sheet) applies them, the pruning rates that they give, and their file.
//   - softthreshold.go: the training side of the same rule in plain Go, the oracle of the differentiable one.
//   - bitserial.go: LeOPArd's early termination, which stops reading a key as soon as it can no longer be kept.
//   - topk.go, cascade.go, generation.go, localvalue.go: SpAtten (HPCA 2021): the top-k engine's selection, tokens and heads that leave for
//     good as layers deepen, and values that one query alone leaves out.
//   - candidates.go: A3 (HPCA 2020): a greedy search over sorted key columns, then a filter by distance from the best score.
//   - projection.go, hash.go: ELSA (ISCA 2021): signs of a structured orthogonal transform estimate angles.
//   - masks.go, band.go: the best keys by exact score, keys by chance, and ReBERT's windows (TCAD 2022), which are also computed in
//     banded form.
//   - detector.go, detected.go: DOTA (ASPLOS 2022): a low-rank, low-precision estimate of the scores from a layer's input.
//   - quality.go: what a choice of keys is worth against the exact scores.
//   - zeroskip.go: MNNFast (ISCA 2019): values of small probability are skipped, and one division ends the sum.
//
// All of them that choose keys from Q and K are a Method.
//
// # Deviations
//
//   - LeOPArd's full text was not available: constants come from public code of the same group and are marked.
//   - A query that no key reaches keeps its highest score; the papers do not say what happens to it.
//   - SpAtten's strict comparisons replace the printed loose ones in the top-k engine, which fail when all is kept. Its
//     ratios are taken as shares of the original length; those of a decoder as shares of the text so far.
//   - While a decoder writes, importance fades by a factor with every token, and the newest tokens stay; the authors' files
//     have a flag for the first without its factor, and the paper does not speak of the second.
//   - A3's causal queries search the sorted columns of all keys and pass over the rows that they cannot see; the paper has
//     no causal attention.
//   - ELSA's rule is scale free, so keys and queries enter it as integers.
//   - MNNFast is known from its abstract and from SpAtten's comparison only.
package pruning
