// Package cascadestudy trains encoders with SpAtten's cascade pruning in the loop (HPCA 2021, section V-B) and measures what its
// reduction costs them.
//
// A Recipe begins with a dense model: one that is fine-tuned from a pretrained encoder, or that of a recipe of package experiment.
// Two twins of it are trained on for the same number of steps, one with the cascade and one without. Measure runs both in the
// machine's integers over the held-out examples and leaves its numbers beside the checkpoint, for it takes minutes; a notebook
// draws these and runs a few examples Again. All of it is made by
//
//	export GOMLX_BACKEND=onnx:<libonnxruntime.so.1>
//	go run -tags onnx ./lib/experiment/cascadestudy/train -state /tmp/cascade
//
// which goes on where an earlier call with the same -state stopped.
//
// StudyDecoding measures the same methods on decoders, which need no training to be pruned.
package cascadestudy
