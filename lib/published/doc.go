// Package published holds every number that the workbench's figures are compared with, and judges ours against it.
//
// The numbers are the evaluation results of the papers and of the public simulators, one row a number, in the CSV files
// beside this one: SPRINT (MICRO 2022, Figures 5, 9, 10 and 11, the energy figure, Table III), SpAtten (HPCA 2021), DOTA
// (ASPLOS 2022), ReBERT (TCAD 2022), A3, ELSA, MNNFast, LeOPArd, the Long Range Arena leaderboard, and the measured
// results of DRAMsim3 and Ramulator 2.1. They are facts; the column evidence says how well each is known:
//
//	printed     read as a number in the paper
//	measured    a public tool was run
//	digitised   the height of a bar or marker was measured; the note gives the reading error
//	derived     computed from other numbers; the note says how
//	secondary   stated by a public summary of the paper
//	unverified  believed, but no source was read: shown with that word, never a target
//
// [Rows], [Figure], [Find] and [Sheet] look numbers up. [Judge] compares one of ours with a row under a [Class], whose
// tolerance is a rule and not a wish: a reproduction may miss, and then the scoreboard says so. [Order], [Monotone] and
// [Crossing] judge the shape of a figure. [WriteVerdicts] and [MergeVerdicts] keep the verdicts of a folder of figures.
package published
