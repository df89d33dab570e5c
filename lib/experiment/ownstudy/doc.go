// Package ownstudy takes a model of the user's own through every method of pruning and every machine.
//
// Open trains it on a file of labels and texts, with thresholds, or reads it where that was done before. Curve measures what
// each Method keeps and costs over its knob; Choose takes the sparsest setting that costs no more than a budget on the dev
// split. On runs the model's attention, so pruned, on a Machine and on the same machine without pruning. Methods and Machines
// are tables: a new one is one line.
//
// Sentences are not padded, so the speedup of machines that leave padding out does not contain that gain.
package ownstudy
