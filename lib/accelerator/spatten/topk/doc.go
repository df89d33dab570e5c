// Package topk is SpAtten's top-k engine (HPCA 2021, Algorithm 3, Figs. 9 and 10), element by element: quick-select over two FIFOs,
// two arrays of comparators, zero eliminators that squeeze out the lanes which were not kept, and a filter pass that
// streams the input once more and keeps ties exactly. Beside it stands a full Batcher odd-even merge sorter.
//
// Engine.Select is fast and counts cycles; Engine.Step moves every row through the registers of the engine, one clock
// after the other, and is what Select is held against. Expectation has the exact mean over random pivots.
//
// # Deviations
//
//   - The comparisons that choose the side are strict. The paper prints them loose, which keeps the same items but reports
//     another threshold than its own Fig. 9 and pops an empty FIFO when everything is kept.
//   - A round costs ceil(n/T)+3 clocks, as in the authors' latency model: comparison, prefix sum and shift are registered.
//     The paper prints no latency. What realigns rows to full width adds no clock.
//   - The pivot is drawn uniformly; the released design takes lane 0 of a row that a hash of the clock picks.
//   - The printed FIFOs are 64 rows of 16 lanes; with other numbers of comparators the capacity stays 1024 items, as a
//     sweep over comparators at one sentence length must have it.
//   - The paper's sorter has no stated number of comparators. Sorter spreads the network over as many as it is given.
package topk
