// Package reram models the resistive memory of SPRINT (MICRO 2022, section on the in-memory thresholding array, Figures 6 and
// 7): arrays that hold the most significant bits of K in multi-level cells, take a query on the word lines, sum each key on a
// bit line and compare the sum with a threshold, one comparator a key. The banks and channels by which a controller asks for
// the result, and reads the surviving keys along the other axis, are those of package dram (dram.ReRAM).
//
//   - array.go, noise.go: the Array and its knobs; Ideal and Typical presets.
//   - operand.go: the bits of Q and K that reach the array.
//   - cell.go, variation.go, irdrop.go: conductances, device variation models, wire losses.
//   - threshold.go, scores.go: Mask and Threshold, the two things an array does.
//   - energy.go: events.
//
// With the noise switched off the mask is that of the integer product of the operands, bit for bit.
//
// # Deviations
//
//   - Fig. 5 sweeps "bits of the in-memory score" without saying of what; Bits(b) gives both operands b bits.
//   - The paper names thermal noise and process variation but no magnitudes. Typical states the assumed ones.
//   - Comparators and converters adapt to the span of each head's sums unless Array.Range fixes it, as a chip's designer would;
//     the paper says nothing of either.
//   - A one-bit comparator cannot find a maximum; KeepMaximum takes it from the analogue sum, as a controller that lowers the
//     threshold until one key answers would.
//   - The reference column of the offset code is free of programming error (an average over spare columns) and sees the
//     wire losses of the key that it is compared with.
//   - Wire losses are first order and independent of the query; beyond a fifth of the voltage they are refused.
//   - Cells do not drift and do not fail for good: K lives for one head.
package reram
