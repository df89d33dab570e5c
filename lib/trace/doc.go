// Package trace holds attention as data between a model and a machine: records captured from a trained transformer, or
// heads synthesised from published statistics for models that cannot be trained here.
//
//   - record.go, quantise.go: one head of one input with its threshold, and how it is cut from real numbers.
//   - parquet.go, reader.go, writer.go, seal.go: the file of many records, one row a head, with a hash of itself.
//   - summary.go, newkeys.go, random.go: what a mask looks like to a machine: pruning, locality, loads into a buffer.
//   - synthesis.go, solve.go, gaussian.go, workloads.go: heads of a wanted size, pruning rate and locality.
//   - cola.go: SPRINT's published example mask.
//
// # The synthesiser
//
// Keys are independent Gaussian vectors and the queries an AR(1) process along the sequence,
// q(t) = a q(t-1) + sqrt(1-a²) g, so every score is a standard Gaussian and the scores of one key against successive
// queries are correlated by a, a² and so on. The threshold is the quantile at which the 8-bit integers themselves are
// pruned at the wanted rate. One number, a, is left to say how local attention is. Popularity adds what real attention
// also has: keys that most queries keep.
//
// # Deviations
//
//   - SPRINT's masks are not published. Its workloads are rebuilt from the padded length, valid fraction and pruning
//     rate that its figures imply, with one locality parameter each, fitted on the S column of its Figure 10 only.
//   - Heads of a workload share one pruning rate; those of a trained model differ.
//   - The scores of a synthetic row are Gaussian; trained scores have a longer upper tail.
package trace
