// Package processor models the GPUs and CPUs that the accelerators are compared with: TITAN Xp, Xeon E5-2640 v4, Jetson Nano and
// Raspberry Pi 4 of SpAtten (HPCA 2021, section V-A and Figs. 2, 14, 15, 18, Table IV) and the V100 of ELSA (ISCA 2021).
//
// A processor's time is a launch term and a roofline: every layer of every step costs a fixed time (kernels too small
// to fill the machine), a share per token, and what arithmetic or memory traffic at the usable rates take. The papers
// print almost no absolute time, so the constants are derived from the few that they do print; each says from which.
// Anchors lists the published bars that went in, which are therefore no targets.
//
// # Deviations
//
//   - Generation on SpAtten's four platforms is a time a layer-step and nothing else: 0.07 % of the peak says that it is
//     launch bound, and all four data sets of one model share a time.
//   - GPT-2-Small's time on the TITAN Xp is printed nowhere; it follows from Figs. 14 and 15 together (see narrowStep), and is
//     0.87 of half of GPT-2-Medium's.
//   - BERT's times are nowhere printed. The launch term of GPT-2 serves (assumed); the other platforms' launch and per-token
//     terms are fitted on BERT-Base's bars relative to the TITAN Xp's (see Anchors).
//   - The TITAN Xp pads GLUE to 128 and SQuAD to 384 tokens (assumed: the customary settings); the CPUs, whose times follow
//     the real lengths in Fig. 14, do not pad.
//   - Power is dynamic, and known only as a ratio to SpAtten's; it is taken at SpAtten's mean of 8.30 W.
//   - ELSA's GPU runs its best batch: no launch term. Its arithmetic efficiency is fitted on one bar (BERT, SQuAD v1.1).
package processor
