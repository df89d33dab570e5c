// Package elsastudy makes the numbers of ELSA's evaluation (ISCA 2021): Figs. 2, 10, 11 and 13, Table 1, the text's totals and the
// comparison with A3. Figs. 11 and 13 come from the simulated machine on masks that have the lengths and kept shares which
// the paper's own figures imply; Fig. 10 from the workbench's models.
//
// # Deviations
//
//   - The Base bars of Fig. 11(a) give the GPU's time and are inputs; lengths come from Fig. 11(b), kept shares from Fig. 13(b).
//   - Fig. 2: the GPU's linear layers are fitted on BERT's share at the default length. SASRec's and BERT4Rec's widths are not
//     printed, so they have no number of ours.
//   - BERT4Rec's approximate bars of Fig. 11(a) lie above what the paper's own cycle rule and its Fig. 11(b) allow: they are
//     shown and not compared.
package elsastudy
