// Package rebertstudy sets ReBERT (IEEE TCAD 41(9), 2022) against processors, against its own paper, and on models of ours: windows are
// searched on trained encoders of 2 to 6 layers, extended to BERT's depth, and run on the machine of package rebert.
//
//   - tasks.go, encoder.go: the encoders, how they are trained, and what is held out.
//   - search.go, course.go, outcome.go: a search, its course beside the exhaustive best, and what all of them came to.
//   - machine.go: shares of attention, the timelines, break-even, sensitivities and lifetimes; no windows of ours go in.
//   - evaluation.go, figures.go, verdicts.go: the machines under searched and under fitted windows, and the published rows.
//   - distance.go, datapath.go: attention against distance, softmax unit and noise, on the committed models.
//
// # Windows for BERT
//
// A layer of BERT takes the window of the searched layer at the same relative depth (rebert.Windows.Extend), and a window keeps its
// width in words. Where one set of windows stands for all tasks it is their mean at each relative depth, rounded up. Nobody has
// searched on BERT itself here.
//
// # What is fitted
//
// The depth of the chain and the windows of rebert.FittedPoints. The published speedups that they were fitted to are verdicts of
// class fitted, never counted; the savings of energy are judged under our own windows.
//
// # What is held out
//
// A search sees the training examples and a search split. The examples that its result is judged on are seen by nothing before
// the end: not by the training, not by the choice of an epoch, not by the search.
package rebertstudy
