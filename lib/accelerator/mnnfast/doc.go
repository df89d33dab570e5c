// Package mnnfast is MNNFast (ISCA 2019): attention over large memories streamed in chunks of rows, with one division at
// the end instead of a stored probability vector, and values skipped whose probability is small. All keys are read and
// scored; only work on values shrinks. In SpAtten's comparison it is the baseline of local value pruning.
//
// Simulate takes the integers of a head, decides what is skipped, and moves chunks through memory, score module and value
// module. Closed forms (section 4 of the reference sheet) are the oracle. Attend is the streamed arithmetic itself, on
// pruning.Deferred.
//
// # Deviations
//
//   - The paper is known from its abstract and from SpAtten, which simulated it again as an ASIC: clock, multipliers,
//     bandwidth and power are SpAtten's; chunk size and skip threshold are assumed.
//   - With deferred division a probability is known only at the end. TwoPass (default) scores all keys before values start
//     and skips by the exact probability; Running skips while streaming, by the sum so far, and skips no more than TwoPass.
//   - How many queries share one stream of keys and values is a parameter: one for a memory network, all for a head.
//   - Energy is SpAtten's assumed power times the time, as for a whole processor: no component is known.
//   - The embedding cache, which serves the layers before attention, is not simulated, nor are the CPU and GPU versions.
package mnnfast
