// Package a3 is A3 (HPCA 2020): an attention unit that takes one query at a time against keys and values on chip, and its
// approximation: a greedy search over keys sorted by column picks candidates, exact scores are computed for those only, and
// scores far below the best one are dropped before softmax and values.
//
// Simulate searches with the integers of a head, query by query, and moves each query through the modules as a pipeline
// with the rows that each of them got. Closed forms (section 4 of the reference sheet) are methods of Spec on Rows and
// serve as the oracle. Energy is busy cycles of each module by the paper's Table I. Attend is the fixed-point datapath.
//
// # Deviations
//
//   - The constant of the approximate latency (Alpha) and the selector's overhead are not printed: 30 and 4 cycles, from the
//     sheet. Of Alpha, 4 cycles are the selector's, 9 the output's, the rest pipeline depth between search and scores.
//   - Sorting happens outside the unit. Its time was fitted once to the two printed throughput losses and grows with
//     n d log n (assumed); it is charged in series, only to keys that were not sorted beforehand.
//   - Rows beyond the on-chip ones arrive by prefetch without delay, as the paper says; they are counted as Streamed. Sorted
//     columns of such rows are not counted.
//   - The selector's queues of pre-multiplied entries never run dry: their depth covers the multiplier.
//   - bAbI's reported ratios (1.39, 2.62) do not follow from the paper's own cycle rule at its mean of 20 rows; they are
//     shown as a known gap.
//   - The search runs on the head's own integers, not on 9-bit codes; Attend quantises as the paper does and folds the
//     1/sqrt(d) of transformers in the exponent tables.
//   - A query without a positive greedy score keeps the best row that it touched.
package a3
