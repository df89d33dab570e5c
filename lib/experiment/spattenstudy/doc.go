// Package spattenstudy sets SpAtten against processors and against its own paper (HPCA 2021, section V): the 30 benchmarks of Fig.
// 14 on four platforms, the chain of Fig. 20, roofline, power and area, the sweeps of Fig. 19, end-to-end latency (Fig. 15,
// Table IV) and the 1/8 part of Table III. It lies one floor above the machines, since it runs one of them and the
// processors side by side.
//
// Collect runs everything; Results.Ours gives our number for a published row, Results.Judge the verdict on it.
//
// # What is fitted
//
// The bars of Fig. 14 that are not counted, because a constant came from them: GPT-2-Small everywhere (four corpora's ratios
// were fitted on Fig. 15's GPT-2-Small), everything of GPT-2 on the Xeon, Nano and Raspberry Pi (their time is a published
// ratio to the TITAN Xp's), and BERT-Base on the same three (processor.Anchors). What is left are predictions: BERT-Large
// everywhere, BERT-Base and GPT-2-Medium on the TITAN Xp. Module power is fitted on Fig. 13; memory energy is not.
package spattenstudy
