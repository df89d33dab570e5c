// Package memory gives the numbers of notebook 06-memory: the reference traces beside what two public simulators measured
// (package dram/anchor), what timing, mapping, injection and the order of addresses do to bandwidth and energy, and what a
// memory that is simulated bank by bank does to SPRINT.
//
// It stands apart from package experiment because it needs no models and no tensors, so that the notebook's cells build
// quickly. Every function depends on its arguments only, on any number of processors.
package memory
