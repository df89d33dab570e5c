package rebert

import (
	"github.com/sparse-attention/workbench/lib/energy"
	"github.com/sparse-attention/workbench/lib/legal"
)

// Model is the shape of an encoder.
type Model struct {
	Name         string
	Layers       int
	Hidden       int // width of a word between layers
	Attention    int // width of the attention; Hidden unless there is a bottleneck
	Heads        int // divides Attention
	FeedForward  int // inner width of a feed-forward network
	FeedForwards int // networks stacked in a layer: 1, MobileBERT 4
	Bottleneck   int // width inside the layer when it differs from Hidden, else 0
	Evidence     energy.Evidence
	Source       string
}

// Dim is the width of a head.
func (m Model) Dim() int { return m.Attention / m.Heads }

// Part is what a machine does for a layer.
type Part uint8

const (
	Generation   Part = iota // products that make queries, keys and values
	Write                    // keys and values written to their arrays
	InnerProduct             // query against keys
	Softmax                  // scores to probabilities
	WeightedSum              // probabilities against values
	Projection               // output projection, and bottlenecks where a model has them
	FeedForward              // feed-forward products

	Parts int = iota // how many there are
)

func (p Part) String() string {
	return legal.Name(p, "Part", "generation", "write", "inner product", "softmax", "weighted sum", "projection", "feed-forward")
}

// Product is one matrix that stays in ReRAM: In x Out weights.
type Product struct {
	Name    string
	Part    Part
	In, Out int
}

// Products lists the weights of one layer.
func (m Model) Products() []Product {
	inner, value := m.Hidden, m.Hidden
	var p []Product
	if m.Bottleneck > 0 {
		inner = m.Bottleneck
		p = append(p, Product{"input bottleneck", Projection, m.Hidden, inner}, Product{"attention bottleneck", Projection, m.Hidden, inner})
	}
	p = append(p, Product{"query", Generation, inner, m.Attention}, Product{"key", Generation, inner, m.Attention},
		Product{"value", Generation, value, m.Attention}, Product{"output", Projection, m.Attention, inner})
	for range m.FeedForwards {
		p = append(p, Product{"feed-forward 1", FeedForward, inner, m.FeedForward}, Product{"feed-forward 2", FeedForward, m.FeedForward, inner})
	}
	if m.Bottleneck > 0 {
		p = append(p, Product{"output bottleneck", Projection, inner, m.Hidden})
	}
	return p
}

// Operations is the multiply-accumulates of a layer for n words: those of the two attention products when each word sees keys
// keys on average, and those of the weights.
func (m Model) Operations(n int, keys float64) (attention, weights float64) {
	for _, p := range m.Products() {
		weights += float64(n) * float64(p.In) * float64(p.Out)
	}
	return 2 * float64(n) * keys * float64(m.Attention), weights
}

// Validate reports the first field that no encoder can have.
func (m Model) Validate() error {
	bad := legal.Complaint("rebert: Model")
	switch {
	case m.Layers < 1 || m.Layers > maxLayers:
		return bad("Layers", m.Layers, "in 1..%d", maxLayers)
	case m.Hidden < 1:
		return bad("Hidden", m.Hidden, "at least 1")
	case m.Attention < 1:
		return bad("Attention", m.Attention, "at least 1")
	case m.Heads < 1 || m.Attention%m.Heads != 0:
		return bad("Heads", m.Heads, "a divisor of %d (Attention)", m.Attention)
	case m.FeedForward < 1:
		return bad("FeedForward", m.FeedForward, "at least 1")
	case m.FeedForwards < 1:
		return bad("FeedForwards", m.FeedForwards, "at least 1")
	case m.Bottleneck < 0:
		return bad("Bottleneck", m.Bottleneck, "at least 0 (0 is none)")
	}
	return nil
}

// Encoder is a BERT-like shape of one's own, such as a model trained here.
func Encoder(name string, layers, hidden, heads, feedForward int) Model {
	return Model{Name: name, Layers: layers, Hidden: hidden, Attention: hidden, Heads: heads, FeedForward: feedForward, FeedForwards: 1}
}

// The encoders that ReBERT's comparison names: printed where the checkpoint's own config.json was read, secondary where that of
// a checkpoint made from it was.

// BERTBase is BERT-base.
func BERTBase() Model {
	return from(Encoder("BERT-base", 12, 768, 12, 3072), energy.Secondary, "bert-base")
}

// BERTLarge is BERT-large.
func BERTLarge() Model {
	return from(Encoder("BERT-large", 24, 1024, 16, 4096), energy.Printed, "bert-large-uncased")
}

// RoBERTaBase is RoBERTa-base, whose encoder has the shape of BERT-base's.
func RoBERTaBase() Model {
	return from(Encoder("RoBERTa-base", 12, 768, 12, 3072), energy.Secondary, "roberta-base")
}

// DistilBERT is DistilBERT: half of BERT-base's layers.
func DistilBERT() Model {
	return from(Encoder("DistilBERT", 6, 768, 12, 3072), energy.Printed, "distilbert-base-cased")
}

// TinyBERT is the four-layer TinyBERT. ReBERT is not known to have been compared with it.
func TinyBERT() Model {
	return from(Encoder("TinyBERT", 4, 312, 12, 1200), energy.Secondary, "TinyBERT_General_4L_312D")
}

// MobileBERT is MobileBERT: many thin layers. Queries and keys come from a shared bottleneck, values from the full width.
func MobileBERT() Model {
	m := Encoder("MobileBERT", 24, 512, 4, 512)
	m.Attention, m.Bottleneck, m.FeedForwards = 128, 128, 4
	return from(m, energy.Printed, "mobilebert-uncased")
}

func from(m Model, evidence energy.Evidence, checkpoint string) Model {
	m.Evidence, m.Source = evidence, "config.json of "+checkpoint
	if evidence == energy.Secondary {
		m.Source = "config.json of checkpoints made from " + checkpoint
	}
	return m
}

// Models lists the shapes in the order of the comparison.
func Models() []Model {
	return []Model{BERTBase(), BERTLarge(), RoBERTaBase(), DistilBERT(), MobileBERT(), TinyBERT()}
}
