package taskstudy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Pretraining is an encoder trained by masked-language modelling on the text at hand.
type Pretraining struct {
	Name   string            // folder of its checkpoint
	Shape  transformer.Spec  // Vocabulary comes from the pieces
	Pieces int               // ids of the vocabulary
	Begin  training.SkipGram // gives the token embedding before the first step; Width 0 = it begins at random
	Train  training.Options
}

// Pretrainings lists what this package pretrains.
func Pretrainings() []Pretraining {
	return []Pretraining{{
		Name:   "pretrained-l2-h128",
		Shape:  transformer.Spec{Layers: 2, Hidden: 128, Heads: 2, FFN: 512, Tokens: 256, Classes: 1, Dropout: 0.1, Head: transformer.Language, Sines: true, Deviation: 0.06},
		Pieces: 6000,
		Begin:  training.SkipGram{Width: 128, Subsample: 5e-5, Seed: 1},
		// Assumed: eight thousand steps, which see the text almost four times, five times BERT's rate, which so few steps need, and
		// positions that can tell distances from the first step, without which attention learns late.
		Train: training.Options{Phase: "pretrain", Objective: training.MaskedLanguage{}, Epochs: 8, StepsPerEpoch: 1000, Batch: 64, BatchTokens: 4096, LearningRate: 1.5e-3,
			WarmUp: 0.06, Multiple: 64, SaveEvery: 200, EvalBatch: 32, Seed: 1},
	}}
}

// Card says where a pretrained checkpoint comes from.
type Card struct {
	Name       string
	Sources    []Source
	Runs       int // pieces of text, up to Spec.Tokens tokens each
	Tokens     int // in them
	DataHash   string
	Seed       uint64
	Steps      int
	Minutes    float64 // wall time, on two cores that others used too
	Backend    string
	Parameters int
	Perplexity float64 // of a masked token on held-out reviews
}

// Source is one data set whose texts a model was pretrained on.
type Source struct {
	Name  string
	Texts int
	Words int // separated by white space
}

// The files of a pretrained checkpoint's folder.
const (
	weightsFile    = experiment.StartWeights
	vocabularyFile = experiment.StartVocabulary
	curveFile      = "loss.csv"
	embeddingFile  = "skip-gram.safetensors" // of a run's state
)

// heldOut is the number of IMDb reviews of the dev split whose perplexity is measured.
const heldOut = 100

// Corpus gives the texts for pretraining: the training splits, without their labels, of the data sets that are on this
// machine. No text of a dev or test split is used, but for WikiText-2 and TinyStories, of which only such files may be there
// (they are judged by no task that is fine-tuned from here). Held holds reviews of IMDb's dev split.
func Corpus(folder string) (texts []string, sources []Source, held []string, err error) {
	bytes := datasets.ByteVocabulary()
	open := func(name string, tokens int) (*datasets.Dataset, error) {
		d, err := datasets.Open(name, datasets.Options{Data: folder, Vocabulary: bytes, MaxTokens: tokens, Overflow: datasets.Truncate, SentencesOnly: true})
		if errors.Is(err, datasets.ErrNoData) {
			return nil, nil
		}
		return d, err
	}
	for _, name := range []string{"imdb", "wikitext-2", "tinystories", "sst2", "cola", "mrpc", "rte"} {
		running := name == "wikitext-2" || name == "tinystories"
		tokens := 2 // the ids are not needed
		if running {
			tokens = 1 << 30 // a document is one example
		}
		d, err := open(name, tokens)
		if err != nil {
			return nil, nil, nil, err
		}
		if d == nil {
			continue
		}
		if name == "imdb" {
			for _, e := range d.Dev[:min(heldOut, len(d.Dev))] {
				held = append(held, clean(e.Text))
			}
		}
		s := Source{Name: name}
		var short []string // sentences that are joined to texts
		for _, e := range d.Train {
			text := e.Text
			if running {
				text = bytes.Decode(e.IDs)
			}
			text = clean(text)
			s.Words += len(strings.Fields(text))
			s.Texts++
			if short = append(short, text); running || name == "imdb" || len(short) == sentencesATime {
				texts, short = append(texts, strings.Join(short, " ")), nil
			}
		}
		if len(short) > 0 {
			texts = append(texts, strings.Join(short, " "))
		}
		sources = append(sources, s)
	}
	if len(held) == 0 {
		return nil, nil, nil, fmt.Errorf("taskstudy: pretraining needs IMDb's reviews: %w", datasets.ErrNoData)
	}
	return texts, sources, held, nil
}

// sentencesATime are the sentences of a task that make one text.
const sentencesATime = 20

// clean takes out what is no text: the line breaks of web pages, the separator of a pair, WikiText's marks.
func clean(text string) string {
	return strings.NewReplacer("<br />", " ", "\t", " ", "<unk>", " ", " @-@ ", "-", " @,@ ", ",", " @.@ ", ".", "<eos>", " ").Replace(text)
}

// runs cuts texts into runs of tokens with CLS in front. Most are short, because a step on them is cheap; some have the full
// length, so that every position is trained (BERT trains nine steps in ten on a quarter of the length).
func runs(v *datasets.Vocabulary, texts []string, longest int, seed uint64) []datasets.Example {
	rng := rand.New(rand.NewPCG(seed, 0x72756e73))
	var out []datasets.Example
	for _, text := range texts {
		width := longest / 4
		switch u := rng.Float64(); {
		case u < 0.15:
			width = longest
		case u < 0.4:
			width = longest / 2
		}
		for ids := range slices.Chunk(v.Encode(text)[1:], width-1) {
			if len(ids) >= shortestRun {
				out = append(out, datasets.Example{IDs: append([]int32{datasets.CLS}, ids...)})
			}
		}
	}
	return out
}

const shortestRun = 8 // tokens; what is left of a text below this is no context

// Data opens the corpus of a pretraining. With a vocabulary it is used, else one is learned.
func (p Pretraining) Data(folder string, v *datasets.Vocabulary) (*datasets.Dataset, []Source, error) {
	texts, sources, held, err := Corpus(folder)
	if err != nil {
		return nil, nil, err
	}
	if v == nil {
		if v, err = datasets.LearnPieces(slices.Values(texts), p.Pieces); err != nil {
			return nil, nil, err
		}
	}
	d := &datasets.Dataset{Name: p.Name, Kind: datasets.Language, Classes: []string{"masked token"}, Vocabulary: v,
		Train: runs(v, texts, p.Shape.Tokens, p.Train.Seed), Dev: runs(v, held, p.Shape.Tokens, p.Train.Seed)}
	return d, sources, nil
}

// Run pretrains the encoder and writes root/<name>: weights in half precision, vocabulary, loss curve and card. An interrupted
// run goes on from w.State.
func (p Pretraining) Run(ctx context.Context, root string, w Where) (Card, error) {
	dir := filepath.Join(root, p.Name)
	d, sources, err := p.Data(w.Data, nil)
	if err != nil {
		return Card{}, err
	}
	spec := p.Shape
	spec.Vocabulary = d.Vocabulary.Size()
	m, err := transformer.NewEncoder(spec, p.Train.Seed)
	if err != nil {
		return Card{}, err
	}
	if err := p.begin(ctx, m, d, filepath.Join(w.State, embeddingFile)); err != nil {
		return Card{}, err
	}
	curve, err := openCurve(filepath.Join(w.State, curveFile))
	if err != nil {
		return Card{}, err
	}
	o := p.Train
	o.Checkpoint = w.State
	o.Observer = func(e training.Event) {
		curve.observe(e)
		if w.Observer != nil {
			w.Observer(e)
		}
	}
	result, err := training.Run(ctx, w.Backend, m, d, nil, o)
	if err = errors.Join(err, curve.save()); err != nil {
		return Card{}, err
	}
	tokens := 0
	for _, e := range d.Train {
		tokens += len(e.IDs)
	}
	card := Card{Name: p.Name, Sources: sources, Runs: len(d.Train), Tokens: tokens, DataHash: d.Hash(), Seed: p.Train.Seed, Steps: result.Steps,
		Minutes: curve.minutes(), Backend: w.Backend.Name(), Parameters: spec.Size(), Perplexity: result.Best.Metrics[0].Value}
	about := map[string]string{"data": card.DataHash, "steps": fmt.Sprint(card.Steps), "seed": fmt.Sprint(card.Seed)}
	if err := m.Save(filepath.Join(dir, weightsFile), transformer.Float16, about); err != nil {
		return card, err
	}
	if err := d.Vocabulary.Save(filepath.Join(dir, vocabularyFile)); err != nil {
		return card, err
	}
	if err := curve.saveTo(filepath.Join(dir, curveFile)); err != nil {
		return card, err
	}
	return card, experiment.WriteCard(dir, card)
}

// begin sets the token embedding to skip-gram vectors, which are learned once and kept at path.
func (p Pretraining) begin(ctx context.Context, m *transformer.Encoder, d *datasets.Dataset, path string) error {
	const name = "embedding/token"
	if p.Begin.Width == 0 {
		return nil
	}
	shape := []int{m.Spec.Vocabulary, m.Spec.Hidden}
	if ts, _, err := transformer.ReadTensors(path); err == nil {
		return m.SetValues(name, shape, ts[0].Values)
	}
	texts := make([][]int32, len(d.Train))
	for i, e := range d.Train {
		texts[i] = e.IDs
	}
	values, err := p.Begin.Learn(ctx, texts, m.Spec.Vocabulary, datasets.Mask+1)
	if err != nil {
		return err
	}
	if err := transformer.WriteTensors(path, []transformer.Tensor{{Name: name, Shape: shape, Values: values}}, transformer.Float32, nil); err != nil {
		return err
	}
	return m.SetValues(name, shape, values)
}

// ReadCard reads what root/<name> says about a pretrained encoder.
func ReadCard(root, name string) (c Card, err error) {
	err = experiment.ReadCard(filepath.Join(root, name), &c)
	return c, err
}

// FindPretraining returns the pretraining of a name; the error lists the names.
func FindPretraining(name string) (Pretraining, error) {
	return experiment.ByName("taskstudy", "pretrained encoder", Pretrainings(), func(p Pretraining) string { return p.Name }, name)
}
