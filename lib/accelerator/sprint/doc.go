// Package sprint is SPRINT (Yazdanbakhsh et al., MICRO 2022): attention on one, two or four CORELETs beside a ReRAM main memory
// that thresholds 4-bit scores in place, so that only surviving keys and values cross the bus and are scored again with all
// their bits.
//
//   - spec.go, knobs.go: the Spec, its presets S, M and L, its modes; workloads.go: the paper's eight workloads.
//   - demand.go, locality.go, residency.go: what each query asks of CORELETs and memory.
//   - pace.go, banked.go, memory.go, clocks.go: how long windows of queries take, with the memory hidden, bound by its
//     bandwidth, or simulated bank by bank: package dram then gets every access of K's upper and lower halves and of V, every
//     CopyQ and ReadP, with the clock from which it may start.
//   - machine.go, report.go: the run and what it reports.
//   - softmax.go, datapath.go, accuracy.go: the same head in fixed point, for accuracy (Fig. 9).
//   - closedform.go: the equations of the reference sheet, used as oracles in the tests; no result comes from them.
//
// # Timing
//
// A CORELET scores one key a cycle and uses one value a cycle, the stages overlapping over queries, so a query costs its
// kept keys on the busiest CORELET. CORELETs run ahead of each other within windows of CoreletWindow queries and meet at the
// end of each. Fig. 11 is compute-bound, so memory is hidden unless MemoryBound says otherwise.
//
// # Deviations
//
//   - First loads. Every token is charged 4.6 vectors a head in Fig. 10 (FirstLoadFactor) and 3 in the energy equations
//     (EnergyFirstLoadFactor). Three are one load of Q, K and V; the other 1.6 are read off the floors of Fig. 10, where buffers
//     hold everything, and unexplained (thresholds and query copies, perhaps). The energy constants were fitted with 3,
//     so that counting 4.6 there would charge them twice. Each Report holds both.
//   - Baseline and Pruning pin part of the keys, spread evenly over the padded length, and stream the rest for each query; the
//     first loads come on top. Mask Only keeps the hit ratio B/N of the padded length, as its M bars say (MaskHitRatio).
//   - Baseline and Pruning move and compute padded queries, and pay energy for them, but spend time on valid queries only:
//     the speedups of Fig. 11 are (1/rho)/(1-p), not 1/(rho² (1-p)) (PaddedQueries).
//   - Windows are barriers; the depth of the real run-ahead is unknown and no single one fits every bar.
//   - With MemoryBound = Banks every transposable bank takes part in thresholding, one query at a time; their CopyQ follow each
//     other by tCL. At the assumed timings and tAxTh that takes some 42 cycles a query, more than L computes for BERT, so that
//     Fig. 11 implies several groups of banks, or another clock for tAxTh (Spec.TAxThClock). The next query is thresholded
//     before the present one's keys are read, and its CopyQ goes out as soon as the bank has given up the last vector.
//   - The memory works at most one window ahead of the CORELETs. A key and its value count as one arrival, and keys fetched
//     ahead displace none that are still to be used. In the other modes, keys that are pinned wait for nobody.
//   - Halves of keys move in half bursts of 32 bytes, at no loss of bandwidth. A transposed row holds one key, so reading keys
//     without their values (Pruning) is bound by the row cycle of the transposable banks, not by the bus. Each channel has a
//     queue of its own in front, as dram.ReRAM has it.
//   - Keys that are pinned on chip are chosen so that those left to stream use all banks alike (Spec.pinned); evenly spread
//     ones can leave whole channels idle. Their numbers are the same.
//   - Writing Q, K and V before the head is not simulated: Cycles.Store is their bytes over the bandwidth.
//   - A row with no survivor keeps the key of its highest in-memory sum (Array.KeepMaximum).
//   - Datapath: the shift from adder tree to 12-bit score is taken from the head itself, where hardware would hold a value
//     calibrated for the layer; the exponent tables are those of that step; the divider's normalisation stays with the row
//     as an exponent (RowExponent).
//   - A causal head is thresholded and pruned under its triangle, but Baseline and Mask Only compute the square: the paper's
//     GPT-2 bars behave as half padded, not as causal.
//   - Table III's workload and counting rule are unknown; Report counts the operations of the valid region.
//   - The area of L is assumed, twice M.
package sprint
