// Package elsa is ELSA (ISCA 2021): keys are hashed once a head, every query's hash is compared with all of them at many
// keys a cycle, and only keys whose estimated score passes a learned threshold reach the attention modules.
//
// Simulate takes a head's shape and the mask of kept keys (pruning.Hash makes it), and moves each query cycle by cycle
// through hash, candidate selection with a queue a module, attention modules a bank, and output division. Closed forms
// (section 4 of the reference sheet) are methods of Spec and serve as the oracle: in Lockstep the run equals them. Energy
// is busy cycles of each module by the paper's Table 1. Benchmarks are the twelve workloads of its evaluation.
//
// # Deviations
//
//   - Candidate selection of one query runs beside attention of the query before it, and all stages wait for the slowest
//     (Lockstep): the paper's own rule for the time of a query. Decoupled lets the queues bridge one query.
//   - Queues are unbounded unless QueueDepth says otherwise (their depth is not printed); Lockstep needs them unbounded.
//   - Key y lies in bank y mod Pa (assumed), and module m of a bank takes every Pc-th of its keys.
//   - The duties of the key-hash and key-norm memories (one write a key) and of query and output memory (together one
//     access stream at d/mo cycles a query) are the sheet's, chosen to meet Fig. 13(b).
//   - Of the evaluation's lengths only means are known, and of its kept keys only shares that Fig. 13(b) implies. A
//     Benchmark draws the kept keys of a query from the distribution of most entropy with that mean, and places them in one
//     run (assumed: the published bank imbalance is nearly none) or scattered.
//   - The GPU's times are not printed: they follow from the Base bars of Fig. 11(a), which are no targets therefore.
//   - The paper's text takes 57 and 2093 for the geomeans where its bars give 57.35 and 2093.7.
package elsa
