// Package rivalstudy gives the numbers of the three accelerators that SpAtten or SPRINT compares with: A3 (HPCA 2020), MNNFast
// (ISCA 2019) and LeOPArd (ISCA 2022).
//
// A3 runs on heads of its papers' sizes, whose cycles depend on M alone, and on our trained models, where accuracy,
// candidates, selections and recall are measured; LeOPArd on the pruning rates of SPRINT's six trained workloads and on our
// models with their learned thresholds; MNNFast on heads of the same workloads and, for what skipping costs, on our models.
// TableIII gives the columns of SPRINT's Table III that are not SPRINT's.
//
// What is fitted: the rows of Fig. 15(b) were recovered from three of its segments, so those segments are no targets; the
// time to sort keys was fitted on two printed losses. LeOPArd's clock, units and energies are assumed, so its rows are
// judged as modelled or worse.
package rivalstudy
