// Package training fine-tunes the models of package transformer and learns what the machines prune with.
//
// Run is one training run: AdamW with linear warm-up and decay, clipping, a dev-set score after every epoch, checkpoints
// that a later Run continues from to the same numbers. An Objective says what is learned: Classification, Regression, Span,
// MaskedLanguage or CausalLanguage, each with its loss and the metrics of an evaluation. A Hook is an attention hook whose variables are trained with the
// weights at a rate of their own: SoftThreshold is LeOPArd's learned threshold (ISCA 2022), which SPRINT uses; Cascade drops
// tokens and heads from layer to layer as SpAtten does (HPCA 2021).
//
// # What was seen in GoMLX v0.28.8 and its backends
//
//   - Rsqrt has no gradient; the norms use Div and Sqrt.
//   - The Go backend's parallel scheduler was seen to wait for ever in training (a lost wake-up in its worker pool), so the
//     sequential one is the default.
//   - A graph that is not marked as training embeds variables that are not trainable as constants when the backend asks for
//     it, and ONNX Runtime's does. Optimiser moments kept in such variables stay at their first value without any error:
//     a variable m, SetTrainable(false), updated by m = 0.9 m + 0.1 x, gives 0.1 x after every step. Training graphs are
//     marked here, and a test compares the moments of two steps with the update rule.
package training
