package rebertstudy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Encoder is a task's trained model with full attention, and its data.
type Encoder struct {
	Task  Task
	Model *transformer.Encoder
	Data  *datasets.Dataset
	Card  Card

	Confirm []datasets.Example // confirm a search; may be empty
}

// Card says how an encoder with full attention was trained and on what it is judged.
type Card struct {
	Task, Dataset    string
	DataHash         string // of all three splits
	Shape            transformer.Spec
	Parameters       int
	Start            string  `json:",omitempty"` // the pretrained encoder that it was fine-tuned from
	Train, Dev, Test int     // examples; Dev is the search split, Test is held out
	MeanTokens       float64 // of the held-out examples, CLS included
	Majority         float64 // accuracy of the most frequent class on the held-out examples, 0..1
	Epoch, Steps     int
	Seed             uint64
	Backend          string
	Minutes          float64 // of training, over all calls; differs from run to run
}

// The files of a task's folder.
const (
	denseFile      = "dense.safetensors"
	vocabularyFile = "vocabulary.json"
)

// Folders say where models are.
type Folders struct {
	Models  string // of the encoders trained here and the state of their searches, a folder a task
	Results string // of what the searches come to, a folder a task; "" = Models
	Recipes string // of the committed models of package experiment
	Starts  string // of the pretrained encoders; "" = Recipes
	Data    string // data folder, "" to look in the usual places
}

// results is the folder of what a search comes to.
func (at Folders) results() string { return cmp.Or(at.Results, at.Models) }

// errOtherData is that of an encoder that was trained on other splits: some of what it trained on may now be held out.
var errOtherData = errors.New("was trained on other splits of the data")

// Load reads a task's encoder; the error of one that is not there matches os.ErrNotExist.
func (t Task) Load(at Folders) (*Encoder, error) {
	if t.Recipe != "" {
		return t.loadRecipe(at)
	}
	dir := filepath.Join(at.Models, t.Name)
	e := &Encoder{Task: t}
	if err := experiment.ReadCard(dir, &e.Card); err != nil {
		return nil, err
	}
	vocabulary, err := datasets.LoadVocabulary(filepath.Join(dir, vocabularyFile))
	if err != nil {
		return nil, err
	}
	if e.Model, _, err = transformer.Load(filepath.Join(dir, denseFile)); err != nil {
		return nil, err
	}
	if e.Data, e.Confirm, err = t.Open(at, vocabulary); err != nil {
		return nil, err
	}
	if e.Card.DataHash != e.Data.Hash() {
		return nil, fmt.Errorf("rebertstudy: %s %w", filepath.Join(dir, denseFile), errOtherData)
	}
	return e, nil
}

// loadRecipe takes a model that is committed already.
func (t Task) loadRecipe(at Folders) (*Encoder, error) {
	r, err := experiment.FindRecipe(t.Recipe)
	if err != nil {
		return nil, err
	}
	trained, err := r.Load(at.Recipes)
	if err != nil {
		return nil, err
	}
	e := &Encoder{Task: t, Model: trained.Dense}
	e.Task.Dense = r.Dense
	if e.Data, e.Confirm, err = t.Open(at, trained.Vocabulary); err != nil {
		return nil, err
	}
	e.Card = e.card()
	e.Card.Steps, e.Card.Backend, e.Card.Minutes = trained.Card.Steps, trained.Card.Backend, trained.Card.Minutes
	return e, nil
}

// card is what the model and the data say by themselves.
func (e *Encoder) card() Card {
	s := e.Model.Spec
	return Card{Task: e.Task.Name, Start: e.Task.Start, Dataset: e.Data.Name, DataHash: e.Data.Hash(), Shape: s, Parameters: s.Size(), Seed: e.Task.Dense.Seed,
		Train: len(e.Data.Train), Dev: len(e.Data.Dev), Test: len(e.Data.Test), MeanTokens: datasets.MeanTokens(e.Data.Test), Majority: majority(e.Data.Test)}
}

// LoadOrTrain is Load, or the training of what is not there or was trained on other splits. An interrupted training goes on where
// it stopped.
func (t Task) LoadOrTrain(ctx context.Context, backend compute.Backend, at Folders, observer training.Observer) (*Encoder, error) {
	e, err := t.Load(at)
	if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errOtherData) || t.Recipe != "" {
		return e, err
	}
	e = &Encoder{Task: t}
	if e.Data, e.Confirm, err = t.Open(at, nil); err != nil {
		return nil, err
	}
	dir := filepath.Join(at.Models, t.Name)
	if e.Model, err = t.begin(at, e.Data); err != nil {
		return nil, err
	}
	o := t.Dense
	o.Checkpoint, o.Observer = filepath.Join(dir, "state-"+e.Data.Hash()[:12]), observer
	if err := os.MkdirAll(o.Checkpoint, 0o755); err != nil {
		return nil, fmt.Errorf("rebertstudy: %w", err)
	}
	result, err := training.Run(ctx, backend, e.Model, e.Data, nil, o)
	if err != nil {
		return nil, err
	}
	e.Card = e.card()
	e.Card.Epoch, e.Card.Steps, e.Card.Backend, e.Card.Minutes = result.Epoch, result.Steps, backend.Name(), result.Seconds/60
	if err := e.save(at); err != nil {
		return nil, err
	}
	return t.Load(at) // in half precision, as everybody else will have it
}

// save writes the encoder's weights in half precision, its vocabulary and its card.
func (e *Encoder) save(at Folders) error {
	dir := filepath.Join(at.Models, e.Task.Name)
	if err := e.Model.Save(filepath.Join(dir, denseFile), transformer.Float16, map[string]string{"task": e.Task.Name, "data": e.Card.DataHash}); err != nil {
		return err
	}
	if err := e.Data.Vocabulary.Save(filepath.Join(dir, vocabularyFile)); err != nil {
		return err
	}
	return experiment.WriteCard(dir, e.Card)
}

// begin is the model before it is trained.
func (t Task) begin(at Folders, d *datasets.Dataset) (*transformer.Encoder, error) {
	s := t.Spec
	s.Vocabulary, s.Classes = d.Vocabulary.Size(), len(d.Classes)
	if t.Start != "" {
		p, err := t.pretrained(at)
		if err != nil {
			return nil, err
		}
		return p.Classifier(s.Tokens, s.Classes, s.Dropout, t.Dense.Seed)
	}
	if image := d.Train[0].Image; image != nil {
		s.Patch = image.PatchValues()
	}
	m, err := transformer.NewEncoder(s, t.Dense.Seed)
	if err != nil || s.Patch == 0 {
		return m, err
	}
	return m, experiment.Whiten(m, d)
}

// majority is the share of the most frequent class.
func majority(examples []datasets.Example) float64 {
	counts, best := map[int32]int{}, 0
	for _, e := range examples {
		counts[e.Label]++
		best = max(best, counts[e.Label])
	}
	return float64(best) / float64(max(1, len(examples)))
}
