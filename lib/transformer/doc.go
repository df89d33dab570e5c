// Package transformer builds the models whose attention is pruned, in GoMLX, with one seam for everything that prunes.
//
// A model is a Spec (shapes) and a store of parameters. Its forward pass is cut at the attention of every layer:
//
//	embed -> project (Q, K, V) -> attend -> finish (output projection, FFN) -> ... -> head
//
// The cut is offered in two forms. Inside a graph, a Hook sees the real scores q.k/sqrt(d) of a layer and returns the
// scores that the softmax will use: that is how thresholds, detectors and windows are trained. Outside, Attend hands Q, K
// and V of every head to plain Go: that is how a machine's fixed-point datapath, with its noise, decides what the model
// answers, and how traces are captured.
//
// What a model reads (token ids, or patches of an image) and what it answers (a class an input, a class or a word a token)
// are fields of its Spec; a pretrained encoder is taken over by Adopt.
//
// The block is BERT's (Devlin et al., 2019): post-norm, learned positions, GELU, a pooled first token.
package transformer
