// Package taskstudy trains models on public tasks and keeps what they reach: one table of every task's official measures, by
// model, start and seed, with the mean over seeds and its 95 % interval.
//
// A Task is data, shape and options; Run trains it with one seed and gives the rows of the table; Merge puts rows into the
// file. The command taskstudy/train does this for the tasks named on its command line, and is how figures/training/results.csv
// was made.
//
// A Pretraining makes an encoder that tasks begin with: sub-word pieces learned from the text at hand, skip-gram vectors for
// them, then masked-language modelling. Both may be interrupted, and go on with the same -state:
//
//	export GOMLX_BACKEND=onnx:<libonnxruntime.so.1>
//	go run -tags onnx ./lib/experiment/taskstudy/pretrain -state /tmp/pretrain
//	go run -tags onnx ./lib/experiment/taskstudy/train -task sst2,cola,mrpc,stsb,rte,qnli-dev-only,wnli,xquad.en,imdb -state /tmp/tasks -save datasets/checkpoints/finetuned
//	go run -tags onnx ./lib/experiment/taskstudy/train -task sst2,cola,mrpc,stsb,rte,qnli-dev-only,wnli,xquad.en,imdb -state /tmp/tasks -fresh
//
// The last line trains the same models from fresh weights: the difference is what pretraining gives.
//
// A Method is a way to leave out pairs of query and key. Learn trains a fine-tuned model on with one in the loop, and without one for
// as long, at the same kept share of the visible pairs for all methods; Costs says what each loses against the latter:
//
//	go run -tags onnx ./lib/experiment/taskstudy/methods -task sst2,cola,mrpc,rte,imdb -weights datasets/checkpoints/finetuned -state /tmp/methods
package taskstudy
