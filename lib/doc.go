// Package lib holds no code: it is the map of the library, and its test holds the library to the map.
//
// A package imports only packages of lower floors. So there is no circle, no machine knows another machine, and what lies
// below can be read without what lies above.
//
//	floor 7  cell                     what a notebook cell shows: figures, tables, verdicts, live progress, a slider
//	floor 6  figure                   charts of published values beside ours; SVG, PNG and CSV with their provenance inside
//	floor 8  experiment/*/*           the command of a study
//	floor 7  experiment/command       what the commands of the studies share: flags, interrupt, backend, lines of progress
//	floor 7  experiment/*             the numbers of one paper or subject: memory, sprintstudy, spattenstudy, rebertstudy, rivalstudy, taskstudy, elsastudy, dotastudy, ownstudy, cascadestudy
//	floor 6  experiment/joint         models trained together with a detector, and what they keep against what they lose
//	floor 5  experiment               recipes, trained models and their accuracy; a seeded run of a workload on a machine
//	floor 4  accelerator/*            one package a machine: Spec, presets, Validate, Simulate
//	floor 4  training                 fine-tuning and pretraining; thresholds, detector, cascade and windows learned; checkpoints
//	floor 3  transformer              models in GoMLX, with one attention hook for everything that prunes
//	floor 3  accelerator/*/*          a unit of one machine that is worth a package
//	floor 3  dram/tracefile           the trace formats of DRAMsim3 and Ramulator
//	floor 3  dram/anchor              reference traces replayed beside what those two simulators measured
//	floor 2  attention/attentiontest  heads for the tests of those who work with them
//	floor 2  dram                     HBM2, DDR4, LPDDR4 and ReRAM banks: timing as data, controllers, energy
//	floor 2  reram                    arrays of resistive cells that threshold or multiply in place, and their imperfections
//	floor 2  pruning                  what to keep: threshold, detector, top-k cascade, window, candidate search, hash, zero skip
//	floor 2  trace                    attention captured from a model or synthesised from statistics; Parquet
//	floor 1  energy                   component tables with their sources; events times picojoules
//	floor 1  attention                Head (Q, K, V), softmax, Mask (a bit set), statistics of masks
//	floor 1  fixedpoint               quantisers, the split in high and low bits, two-table exponent
//	floor 1  published                every published number with its evidence; classes and verdicts
//	floor 1  progress                 what a long computation reports while it runs
//	floor 0  legal                    checks of the fields of a Spec: every error names field, value and range
//	floor 0  pool                     pieces of work on all processors
//	floor 0  unit                     Cycles, Bytes, Picojoules, Hertz: typed, so that they cannot be mixed up
//
// Package datasets lies under all floors and package kernel stands outside: neither imports anything of lib, and lib
// imports nothing of kernel.
//
// The machines are sprint, spatten, dota, leopard, a3, elsa, mnnfast, rebert and processor, which is the GPUs and CPUs that they are
// compared with. A new one is a folder under accelerator with a Spec and a Simulate; it needs no line here, and no machine
// imports anything of another.
//
// Values flow
//
//	datasets -> transformer, training -> trace -> pruning -> accelerator -> experiment -> figure -> figures/
//
// and each arrow is a value that can be saved, looked at and compared without what made it: a machine never trains, and a
// trainer never counts cycles.
//
// # Differences from the first design
//
//   - unit has a floor of its own below the others, because energy counts in its types.
//   - cell stands above figure, not beside it: it shows figures.
//   - progress was part of training. A cell shows the progress of any long computation, and should not depend on a trainer for
//     it.
//   - accelerator stands a floor higher, so that a unit of one machine may be a package below it (spatten/topk).
//   - dram has two sub-packages. Reading the trace files of two other simulators, and comparing with what those measured, is
//     no business of a memory.
//   - A method of pruning that trains (the soft threshold) has its differentiable form in training, and its plain form, the
//     oracle, in pruning: pruning stays free of GoMLX.
//   - attention/attentiontest makes the random heads that the tests of five machines made for themselves.
//   - experiment keeps trained models as recipes and checkpoints, and runs on one machine; there is no cluster yet.
package lib
