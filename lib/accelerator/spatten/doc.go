// Package spatten is SpAtten (HPCA 2021, sections III to V): an attention co-processor that drops tokens and heads for good as
// layers deepen, reads only the values with large probabilities, and reads the low bits of keys only where a softmax is
// flat.
//
// Simulate runs a Workload, rows of (iteration, layer, head) as in the authors' files, on a Spec: a fetcher turns surviving
// vectors into addresses of real planes of keys, low bits, values and queries, and hands them through FIFOs to HBM2
// (package dram) channel by channel; Q x K, softmax, the test for low bits, the top-k engines (package topk, run on drawn
// scores) and prob x V work in line behind double-buffered memories. Each stage moves line by line as its data arrive. Full
// and Eighth are the two published sizes. Authors are the four shipped GPT-2 workloads, Benchmarks the 30 of the
// evaluation under one declared set of ratios. Closed forms and the authors' quick BERT model are the oracle. Package
// experiment/spattenstudy sets the machine against processors and makes the figures' numbers.
//
// # Deviations
//
//   - Generation streams rows without a break between layers, and ranks tokens beside the main path, as the authors' design
//     does: the host's time between two layers, which is not counted, covers both. LayerBarrier makes it wait. In
//     summarisation keys of a layer exist only after the layer before, so it always waits.
//   - Which tokens and values survive is drawn at random (nested from layer to layer, all sets alike), as in the authors'
//     test bench: the machine's time depends on counts and addresses only. Scores that the top-k engine sees are distinct.
//   - Which rows need their low bits is an input of a run, as in the authors' files (Decide finds out on a captured head); a
//     second pass holds up the rows behind it.
//   - The fetcher asks for keys of later rows before the values of a row whose local top-k has just finished, in a fixed
//     alternation. Data rows of 32 ports are not waited for as a whole; a line of eight vectors is.
//   - Planes lie one behind the other, each shifted by a bank, and channels change every 32 bytes as in the authors'
//     design; what lies above is spread over pseudo channels and bank groups (see Memory). 6-bit keys of two heads share
//     their accesses, as there; 6-bit values of one head do not, because the heads choose different ones.
//   - 16 reads a channel may be on their way (authors' design). This, not a factor, limits a dense FP32 stream to 76 % of the
//     peak; the paper's own FC streaming implies 73 %.
//   - Outputs are written and queries read (96 to 256 bytes a row), which the authors' traffic counts leave out.
//   - Of two 6-bit heads that share their accesses only the first pays for local top-k (FusedSelection), as in the authors'
//     design; how two selections end at one time the paper does not say. Without it GPT-2 does 15 % fewer operations a second.
//   - The key buffer holds a row until its low bits are known not to be needed. A larger buffer therefore helps here by a
//     fifth, where Fig. 19(b) is flat: a known gap.
//   - Ranking of at most 16 heads is not timed. Top-k between the heads of one layer is not used.
//   - The paper publishes no keep ratio. Keep.Corpora was fitted once on four latencies of GPT-2-Small (Fig. 15); everything
//     about GPT-2-Medium is a prediction. The smallest of the four is out of reach: 1BW on Small stays 19 % too slow.
//   - The first layers stay un-pruned for 1/12 of the layers in generation, not 15 %: the authors' own files prune earlier.
//   - Module power is derived from the paper's means at the mean activity of the eight GPT-2 runs (Table II's DRAM power is that of
//     GPT-2: 205 GB/s at 3.48 pJ/bit). The two arrays of multipliers are alike and share one power at rest and one at work
//     (energy.SpAtten); the other modules are taken to draw nothing at rest. BERT, which keeps the arrays busy, then draws
//     about three times GPT-2's power on the chip.
//   - In summarisation pruned tokens still query (Keep.QueriesFromKept is off), as the authors' simulator counts.
package spatten
