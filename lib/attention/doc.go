// Package attention is the one currency between models and machines: a Head (Q, K and V of one attention head of one
// input, as integers with a scale each) and a Mask (which keys each query keeps).
//
// Shapes: N is the number of token slots, of which the first Valid hold real tokens and the rest are padding; d is the
// head dimension. Matrices are row-major, N x d. A mask has one row per query and one column per key, and 1 means kept.
package attention
