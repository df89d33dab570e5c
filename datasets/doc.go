// Package datasets gives the tasks that the workbench trains on, as token ids ready for a model: classes, scores, answer spans
// or running text, from texts or images.
//
// Four sources:
//
//   - generated: ListOps of the Long Range Arena (Tay et al., ICLR 2021, section 2.1) by its published rule, Pathfinder by its
//     published parameters;
//   - found on every machine with Go: documents and pairs of documents cut from the standard library's own source, Newton's
//     Opticks, which ships with it as running text;
//   - installed by packages of Debian: Fashion-MNIST (dataset-fashion-mnist) and WordNet (wordnet-base);
//   - official files of public data sets, found in a data folder (see [DataRoot]), or a file of the user's own ("tsv", "text",
//     "squad" with Options.File).
//
// Every loader is deterministic: the same options give the same examples in the same order on any number of cores.
// An example starts with the classification token; [Batches] pads, buckets by length, shuffles, and varies images. The official
// measures of the tasks are functions of predictions and targets: [Accuracy], [F1], [Matthews], [Pearson], [Spearman],
// [AnswerScores], [Perplexity].
//
// # Deviations
//
//   - ListOps: the order within the published files comes from an unordered set, so any split of the same rule is as good;
//     ours is the order in which roots are drawn. A CLS token stands in front of every expression.
//   - ListOpsShort is our own, for machines that cannot train on 2,000 tokens.
//   - gosource and gosource-retrieval are our own. Their texts are those of the Go installation at hand, so another Go version
//     gives other examples. Retrieval's pair is one sequence, CLS a SEP b SEP, and Example.Second says where b begins; the
//     benchmark's model reads the two apart.
//   - Pathfinder: how the original draws a curve was not read; the walk is ours (see [Pathfinder]).
//   - Images by pixel: black pixels are seen. The Long Range Arena's code takes the token 0 for padding and masks them.
//   - Fashion-MNIST and CIFAR-10: the dev split is every twelfth and every tenth training image. The JPEG archive of CIFAR-10
//     is lossy; its numbers may differ from those on the official batches.
//   - WordNet has no official split: of ten glosses in the order of the database eight train.
//   - XQuAD's English file is split by article, 36 / 6 / 6; it is a fiftieth of SQuAD and no number on it compares with SQuAD's.
//   - WikiText-2 and TinyStories without their training files are split again, and their names say so.
//   - IMDb's dev split is cut from the training split; the benchmark validates on the test split.
//   - QNLI without its training file is cut from the dev file and called qnli-dev-only.
//   - Word-level vocabularies instead of WordPiece: there is no pretrained embedding to share ids with.
package datasets
