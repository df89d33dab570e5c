// Package pruning decides what to keep: one method a file, each pure and deterministic.
//
//   - threshold.go, rate.go, store.go: learned per-layer thresholds as LeOPArd (ISCA 2022) trains them and SPRINT
//     (MICRO 2022, section 2 of its reference sheet) applies them, the pruning rates that they give, and their file.
//   - softthreshold.go: the training side of the same rule in plain Go, the oracle of the differentiable one.
//   - bitserial.go: LeOPArd's early termination, which stops reading a key as soon as it can no longer be kept.
//   - topk.go, cascade.go, localvalue.go: SpAtten (HPCA 2021): the top-k engine's selection, tokens and heads that leave for
//     good as layers deepen, and values that one query alone leaves out.
//
// # Deviations
//
//   - LeOPArd's full text was not available: constants come from public code of the same group and are marked.
//   - A query that no key reaches keeps its highest score; the papers do not say what happens to it.
package pruning
