// Package rebert is ReBERT (IEEE TCAD 41(9), 2022): a transformer encoder in resistive arrays, where the words of a sentence
// follow each other through the layers one a step. The attention of a word needs keys of later words, so that every layer of
// full attention waits for the end of the sentence (data hazard, Fig. 9); a window bounds the wait. Writing a key and
// multiplying with the keys use the same array (structural hazard, Fig. 13); a second copy, with half of the input bits on
// each, removes it.
//
//   - spec.go, knobs.go, chain.go: the machine; Baseline, Basic, Advanced and Ideal are configurations of one Spec.
//   - model.go: encoders as shapes, with evidence; workload.go: sentences and windows; windows.go: the file of a window search.
//   - pipeline.go, wheel.go: the pipeline event by event; report.go, timeline.go: what comes out; sweep.go: many at once.
//   - oracle.go: recurrences and closed forms, which the events are tested against.
//   - energy.go, arrays.go: energy by part and component, arrays, tiles, area, lifetime.
//   - softmax.go, adc.go, product.go, attend.go: the arithmetic, bit for bit, with the noise of package reram when asked.
//   - reference.go: operating points that were fitted, and the paper's GPU as its own ratios imply it.
//
// # What is published
//
// The abstract and a public summary give ratios and the three timelines; windows, hardware table and accuracies are unknown.
// The timelines come out exactly. The windows of FittedPoints and the depth of eight steps were fitted to the published
// speedups, which are therefore no targets. Speedups over ImpliedGPU repeat the published ratio of GPU and baseline.
//
// # Deviations
//
//   - A port works in slots: a step with one array, half a step with two. Unslotted frees it when the pulses end, which all
//     but removes the hazard of Basic; the paper's figures have slots.
//   - Baseline has Advanced's arrays ("provisioned"), so that full attention has no structural hazard of its own. It begins to
//     multiply half a step after its last key exists, within the slot that the recurrence counts.
//   - Values are written while the scores pass the softmax; the port of the value arrays has the same two operations a word as
//     that of the keys and adds no wait of its own.
//   - Keys that exist but are not written wait in registers; LayerReport.Backlog says how many there would have to be.
//   - Several sentences and a bound on the layers that work at once are options of ours; the paper is consistent with batch 1.
//     Full attention holds one sentence of keys a layer, so that its next sentence is written only behind its last word.
//   - The ring holds 2W+2 keys as the paper says; which key the second extra one is, the ExtraKey knob says.
//   - Circuits are ISAAC's with the widths of the first authors' paper of the same year. Writes of both signs and of all
//     copies are counted; residual additions, normalisation, activation and the routers between tiles are not.
//   - The digital softmax takes about a hundredth of the attention energy with 45 nm operations; the published shares imply
//     13 %, for which one score would have to cost some 60 pJ (Report.SoftmaxElementFor). The three published reductions do
//     not depend on it by more than a few points.
//   - With these circuits the weights take 96 % of the energy at N = 128, so that windows save one or two per cent of the whole,
//     and the machine draws about 100 W at its fastest published point. The abstract's 643.2 x and 39.2 x imply a GPU of 16.4
//     times the machine's power, 250 W against 15 W say: its circuits or its accounting must differ by a factor of about seven.
//     The energy efficiency over the GPU is therefore not comparable.
//   - Scores reach the softmax unit scaled and rounded to its index; the scaling itself is exact.
//   - Programming errors are those of the arrays that hold keys and values; weights stay exact, because the model computes
//     them elsewhere. Wires and comparators are not modelled here.
package rebert
