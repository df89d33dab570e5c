// Package joint makes models that are trained together with DOTA's detector (ASPLOS 2022), or get one fitted afterwards, and sweeps
// them: accuracy against the share of keys that each query keeps, for the detector, for ELSA's hash, for the oracle and for chance,
// all on the same examples and against the same dense model.
package joint
