// Package leopard is LeOPArd (ISCA 2022): tiles whose query-key units read the key bit by bit and stop as soon as its score
// can no longer reach a learned threshold, so that pruned keys cost few bits and survivors alone reach softmax and values.
//
// Simulate takes the integers of a head and a real threshold, decides every key bit-serially, places it on the query-key
// unit that is free first, and lets the value unit follow through double-buffered scores. Kept keys are those of the exact
// comparison, always. Closed holds the equations of the reference sheet (4.1) as an oracle.
//
// # Deviations
//
//   - The paper's full text was not available. Sizes and headline figures are those that SPRINT's Table III prints; unit
//     counts, clock, query width and probability width are assumed, and each says so.
//   - No energy constant of LeOPArd is public: SPRINT's 65 nm on-chip table stands in, its 8 x 8 products scaled to the
//     bit products that LeOPArd's widths make. Main memory costs no energy, as in Table III; traffic is counted.
//   - All units of a tile wait for the slowest key of a query before the next query starts (assumed: one query register).
//   - Sequences that outgrow the buffers run in blocks of keys, all queries a block; merging the blocks' partial sums is free.
//   - A query that no key reaches keeps its highest score, which early termination never learns: its keys are read again to
//     the end, in time and energy, and counted as Rescored.
//   - A head of fewer bits than the key's enters in the top bits, as a quantiser of the full width would have put it.
package leopard
