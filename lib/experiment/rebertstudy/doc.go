// Package rebertstudy sets ReBERT (IEEE TCAD 41(9), 2022) against processors, against its own paper, and on models of ours: windows are
// searched on trained encoders of 2 to 6 layers, extended to BERT's depth, and run on the machine of package rebert.
//
//   - tasks.go, encoder.go: the encoders, how they are trained, and what is held out.
//   - search.go: the search on one of them, and how its windows do on the held-out examples.
//
// # What is held out
//
// A search sees the training examples and a search split. The examples that its result is judged on are seen by nothing before
// the end: not by the training, not by the choice of an epoch, not by the search.
package rebertstudy
