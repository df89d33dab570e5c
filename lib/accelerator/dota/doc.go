// Package dota is DOTA (ASPLOS 2022): a whole transformer layer on one reconfigurable matrix unit a lane. A detector of low
// rank and low precision, trained with the model, says which connections are weak; only the others are computed, by rows of
// several queries that share the keys they load.
//
//   - spec.go, precision.go: four lanes, each an RMMU whose rows have a precision of their own, a multi-function unit (Exp,
//     Div, adder tree), detector, scheduler and memory; one accumulator; main memory from package dram.
//   - schedule.go, dataflow.go: token-parallel attention. Schedule brings the kept keys of T queries in steps, out of order
//     as the paper does, in order, or query after query; it reproduces the paper's worked example exactly.
//   - simulate.go, lane.go, weights.go: Simulate runs one layer. Linear transforms, detection, attention and FFN come from
//     one run, and so do the end-to-end time and the bound that Amdahl's law sets it.
//   - closed.go: the equations of section 4 of the reference sheet, the oracle of the run.
//
// # Time
//
// A group of queries takes parts of a cycle (four queries meet a key of 64 values on 512 multipliers in half a cycle), and
// groups follow one another without a gap. So time is a real number of cycles, as in the equations; Report rounds up once,
// at the end.
//
// # Deviations
//
// Of the evaluation only two headline ratios are known, and of the machine its drawings. Everything below is assumed.
//
//   - Sizes, power and area (energy.DOTA) are believed, not verified. Main memory is four channels of HBM2, 128 GB/s.
//   - How many low-precision products a PE makes a cycle is a switch (Gain); the drawing settles only FX4 against INT2.
//   - The paper's tie rule in the scheduler is unknown: among patterns that free queries fill, most queries first, then the
//     larger pattern; among patterns that do not fit, fewest queries, then the smaller one.
//   - A group's keys stream through its own buffer: its time is the larger of its products and its loads (Buffered). With
//     PerStep the port and the products wait for each other in every step.
//   - Scores, softmax and A.V of neighbouring groups overlap in a fixed order, QK of the next group before A.V of this one.
//   - Every lane projects X itself (Spec.SharedProjection spreads it over the lanes), because lanes share nothing but X.
//   - Weights come in tiles through two buffers. When the keys and values of a lane's heads do not fit into its memory, all
//     of them are written out and read back once.
//   - A precision's energy is that of a busy cycle, whatever the width.
package dota
