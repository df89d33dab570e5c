// Package datasets gives the classification tasks that the workbench trains on, as token ids ready for a model.
//
// Three sources:
//
//   - generated: ListOps of the Long Range Arena (Tay et al., ICLR 2021, section 2.1) by its published rule;
//   - found on every machine with Go: documents cut from the standard library's own source;
//   - official files of public data sets, found in a data folder (see [DataRoot]).
//
// Every loader is deterministic: the same options give the same examples in the same order on any number of cores.
// An example starts with the classification token; [Batches] pads, buckets by length and shuffles.
//
// # Deviations
//
//   - ListOps: the order within the published files comes from an unordered set, so any split of the same rule is as good;
//     ours is the order in which roots are drawn. A CLS token stands in front of every expression.
//   - ListOpsShort is our own, for machines that cannot train on 2,000 tokens.
//   - gosource is our own. Its texts are those of the Go installation at hand, so another Go version gives other examples.
//   - IMDb's dev split is cut from the training split; the benchmark validates on the test split.
//   - QNLI without its training file is cut from the dev file and called qnli-dev-only.
//   - Word-level vocabularies instead of WordPiece: there is no pretrained embedding to share ids with.
package datasets
