// Package training fine-tunes the models of package transformer and learns what the machines prune with.
//
// Run is one training run: AdamW with linear warm-up and decay, clipping, a dev-set score after every epoch, checkpoints
// that a later Run continues from to the same numbers. An Objective says what is learned: Classification, Regression, Span,
// MaskedLanguage or CausalLanguage, each with its loss and the metrics of an evaluation; CascadedLanguage has SpAtten's cascade
// of generated tokens in the loop. A Hook is an attention hook whose variables are trained with the
// weights at a rate of their own: SoftThreshold is LeOPArd's learned threshold (ISCA 2022), which SPRINT uses; Cascade drops
// tokens and heads from layer to layer as SpAtten does (HPCA 2021).
//
// Window is ReBERT's window self-attention (TCAD 2022); WindowSearch finds the windows of a task on a WindowTuner, which scores and
// fine-tunes, and a WindowLog lets it go on where it was interrupted.
//
// # When something goes wrong
//
// A run may be killed at any moment: its checkpoint is written beside and renamed, the one before it stays, and dropout and
// masks are functions of seed and step, so what follows has the same numbers. A damaged checkpoint is said and the one before
// it taken. A step whose loss or gradient is not finite changes no weight; the error names the step and the first place.
//
// # Speed
//
// BenchmarkStep prints examples a second of two reference encoders, and PyTorch's beside them:
//
//	go test -tags onnx -bench Step ./lib/training                                       # GOMLX_BACKEND=onnx:<library>
//	GOEXPERIMENT=simd GODEBUG=asyncpreemptoff=1 go test -bench Step ./lib/training      # pure Go
//
// On two cores, beside one PyTorch thread with OpenBLAS:
//
//	                                                  L2 H128   L4 H256
//	ONNX Runtime 1.30, its two threads, by the clock     2.43      1.82
//	the same by processor time                           1.23      0.93
//	Go backend with vector instructions, by the clock    0.98      0.72
//	the same by processor time                           0.53      0.39
//
// The machine is a shared one, and PyTorch's own rate has been seen between 193 and 577 examples/s of the smaller encoder; on the
// day of the 577, before shards, products of rows and a softmax without tiny numbers, the first line was 1.66 and 1.56.
// BenchmarkJoint sets training with DOTA's detector against plain fine-tuning in the same way.
//
// Against Debian's default BLAS, which is not vectorised, PyTorch is some ten times slower: the benchmark says which it found.
//
// What made a step faster: in the last layer only the first token is computed where the head reads no other (PyTorch's script
// computes all, as its encoder layer does); on the Go backend, whose operations follow one another, shards of a batch side by
// side (Options.Shards); gradients by hand (below); dropout masks drawn beside the training thread, not in the graph, where
// they took about a seventh of a step; Q, K and V by three products with parts of one matrix, because the gradient of a slice
// is a padded copy; batches of one width, with a budget of tokens, so that little is padding.
//
// # What was seen in GoMLX v0.28.8, its backends and Go 1.26, each worth mending there
//
//   - A fused operation (softmax, GELU, layer norm) has its gradient through the decomposed form, so that training computes
//     both. IdentityWithCustomGradient is the only custom gradient; package transformer's withGradient uses it, as the
//     alternative of InternalFusedOpCaller, for functions with a value of their own. Minimal case: the graph of
//     Gradient(ReduceAllSum(activation.Gelu(x)), x) holds both Gelu and Erf.
//   - compute-onnx has no setting for ONNX Runtime's threads (SetIntraOpNumThreads, allow_spinning). Its pool spins between
//     operations: on two busy cores a step of the smaller encoder took 209 ms of processor time, and 110 ms with one thread,
//     which was measured with a copy of compute-onnx that calls SetIntraOpNumThreads(1).
//   - compute-onnx writes a batched DotGeneral as Einsum, never as MatMul (canUseMatMul asks for rank 2), which ONNX Runtime
//     runs at under half the multiply-adds a second: Einsum("bhqd,bhkd->bhqk").
//   - The random bits of dropout, generated in the graph, are some twenty elementwise operations on the size of the mask.
//   - With GOEXPERIMENT=simd, Go's asynchronous preemption restores the wide registers and leaves their upper halves in use;
//     math.Exp, which mixes SSE and AVX encodings, then takes 3800 ns a call for the rest of the loop, not 22. Minimal case:
//     for range 10_000_000 { s += math.Exp(x) }, with simd and without; with simd and GODEBUG=asyncpreemptoff=1 it takes 26.
//     The Go backend's Exp and Erf call math.Exp, and a training step spent 58 % of its time there. The notebook kernel sets
//     GODEBUG for its cells.
//   - The Go backend's Transpose goes element by element also where the last axis stays, or where nothing moves,
//     and could copy rows. The gradient of every DotGeneral ends with a transposition, an identity for the left side:
//     Gradient(ReduceAllSum(MatMul(x, w)), x) holds permutation=[0 1]. Package transformer takes those out. A product over the
//     first axes of two matrices (the gradient of a weight) the backend transposes on both sides, though its kernels take
//     one of them as it is: that was a fifth of a step. Package transformer turns the smaller one, which leaves a twentieth.
//   - ONNX Runtime's softmax gives a score of -1e9 the weight exp(-88), a number so small that the processor handles it in
//     microcode: with nine keys of ten removed a softmax took ten times as long, and the products with its result up to twice.
//     compute-onnx has no setting for session.set_denormal_as_zero. Package transformer lifts what is negligible (floored).
//   - Where takes five times as long as Add on ONNX Runtime, and its gradient is another Where: keys are removed by adding (Only).
//   - Rsqrt has no gradient.
//   - The Go backend's small matrix products walk their operands by uintptr, which Go's rules for unsafe forbid between
//     statements; go test -race stops there (checkptr: pointer arithmetic result points to invalid allocation). Minimal case: a
//     product of two small matrices under -race. With -gcflags=all=-d=checkptr=0 the tests of shards pass the race detector.
//   - The Go backend's parallel scheduler was seen to wait for ever in training; by its code, an operation holds a worker of the
//     pool while it waits for workers to share its product, and when all are held so, none comes. The sequential one is the
//     default: there an operation is no worker itself, so that several executions at once (the shards) cannot block each other.
//   - A graph that is not marked as training embeds variables that are not trainable as constants when the backend asks for
//     it, and ONNX Runtime's does. Optimiser moments kept in such variables stay at their first value without any error:
//     a variable m, SetTrainable(false), updated by m = 0.9 m + 0.1 x, gives 0.1 x after every step. Training graphs are
//     marked here, and a test compares the moments of two steps with the update rule.
package training
