// Package sprintstudy regenerates the figures of SPRINT (MICRO 2022): traffic, speedup and energy of its eight workloads on
// S, M and L (Runs), the accuracy of our own models on the machine (Study), and what the machine makes of their attention
// (Capture, On).
//
// Each type gives rows for figures and a verdict for every published row that it has a number for; what is fitted is said in
// Runs.Judge.
package sprintstudy
