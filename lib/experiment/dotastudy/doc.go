// Package dotastudy makes the numbers of DOTA's evaluation (ASPLOS 2022): quality against retention on the workbench's models,
// detection quality, the detector's design space, and the machine against ELSA and a GPU, in attention, end to end and in energy.
//
// Of the paper's evaluation only two headline ratios and the scheduler's worked example are known. The figures are drawn after
// their descriptions, without published bars.
//
// # Deviations
//
//   - The workloads of the evaluation are believed, not verified (reference sheet, section 4). How much they keep comes from the
//     search on our own, far smaller models, task by task where a model does the same kind of task, else the mean.
//   - Their masks are drawn: row-balanced, with the share of keys that a group of queries has in common on our trained models.
//   - Three DOTA accelerators (12.3 TOPS) and twelve ELSA accelerators (13 TOPS) stand against one V100 (14 TFLOPS): equal
//     multipliers, as the sheet assumes. The paper's own scaling is unknown.
//   - The GPU is ELSA's: a roofline on padded shapes, fitted on ELSA's figures.
//   - ELSA's memories are taken as long as the input, although the paper's hold 512 keys.
package dotastudy
