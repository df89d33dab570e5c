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
// The Family of a Spec says which blocks it is made of: BERT's (Devlin et al., 2019), the same with the norm in front, as in
// ViT and GPT-2, or Llama's. One block of each is held against PyTorch, within 1e-4. A Llama-type model also runs as a Decoder,
// a token at a time with a cache, whose seam, TokenAttention, is where pruning over the written tokens sits.
//
// Models from elsewhere pass the same seam: LoadBERT and LoadBERTONNX read Hugging Face's encoders, LoadLlama and
// LoadTokenizer the small TinyStories models in llama2.c's format.
//
// # What was seen in other modules
//
//   - go-huggingface v0.4.0 reads safetensors from the cache of its downloads only, so files are read here; its tokenizers
//     are used. Their VocabSize counts the added tokens twice when the vocabulary holds them too.
//   - onnx-gomlx v0.5.2 and compute-onnx v0.1.5 register the same protocol-buffer files, so a program that holds both ends
//     before it begins; and the former does not give out a file's operations. ONNX files are therefore read here.
package transformer
