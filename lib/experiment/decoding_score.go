package experiment

import (
	"context"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/pool"
	"github.com/sparse-attention/workbench/lib/pruning"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Passage is a piece of text that a decoder reads first, and one that it must predict token by token.
type Passage struct {
	Prompt, Text []int32
	Bytes        int // of Text as it is written
}

// Prompted is passages whose prompts a decoder has read, with nothing pruned; the tokens have earned importance on the way.
type Prompted struct {
	decoder  *transformer.Decoder
	rescale  float64
	passages []Passage
	sessions []*transformer.Session
	earned   []*pruning.Generation
}

// Prompt reads the prompts of passages. The rescaling of importance (0 = DefaultRescale) is part of what the tokens earn.
func Prompt(ctx context.Context, d *transformer.Decoder, passages []Passage, rescale float64) (*Prompted, error) {
	o := Decoding{Rescale: rescale}.withDefaults()
	cascade, err := o.cascade(d.Spec.Layers)
	if err != nil {
		return nil, err
	}
	p := &Prompted{decoder: d, rescale: o.Rescale, passages: passages,
		sessions: make([]*transformer.Session, len(passages)), earned: make([]*pruning.Generation, len(passages))}
	return p, pool.Each(ctx, len(passages), func(i int) error {
		earned, err := pruning.NewGeneration(cascade, d.Spec.Heads)
		if err != nil {
			return err
		}
		reader := &decoding{o: o, cascade: earned}
		session := d.NewSession(reader.attend)
		for _, token := range passages[i].Prompt {
			if _, err := session.Step(token); err != nil {
				return err
			}
		}
		p.sessions[i], p.earned[i] = session, earned
		return nil
	})
}

// Perplexity is how well a decoder predicted the texts of passages, and what it read for it.
type Perplexity struct {
	Loss          []float64 // one a passage: sum of -ln p over its tokens
	Tokens, Bytes int
	Fetched       Fetched
}

func (p Perplexity) loss() (sum float64) {
	for _, l := range p.Loss {
		sum += l
	}
	return sum
}

// PerToken is exp of the mean loss of a token.
func (p Perplexity) PerToken() float64 { return math.Exp(p.loss() / float64(p.Tokens)) }

// PerByte is exp of the mean loss of a byte of text; models with different tokens compare by it.
func (p Perplexity) PerByte() float64 { return math.Exp(p.loss() / float64(p.Bytes)) }

// BitsPerByte is the mean loss of a byte in bits.
func (p Perplexity) BitsPerByte() float64 { return p.loss() / float64(p.Bytes) / math.Ln2 }

// Increase is by how many percent the perplexity per token lies above base's, with the half width of its 95 % interval over
// the passages (paired).
func (p Perplexity) Increase(base Perplexity) (percent, half float64, err error) {
	n := float64(len(p.Loss))
	if len(p.Loss) != len(base.Loss) || p.Tokens != base.Tokens || n < 2 {
		return 0, 0, fmt.Errorf("experiment: perplexities over %d and %d passages cannot be paired", len(p.Loss), len(base.Loss))
	}
	var sum, squares float64
	for i, l := range p.Loss {
		d := (l - base.Loss[i]) * n / float64(p.Tokens) // per token of a passage
		sum += d
		squares += d * d
	}
	mean := sum / n
	deviation := math.Sqrt((squares/n - mean*mean) * n / (n - 1) / n)
	return 100 * (math.Exp(mean) - 1), 100 * math.Exp(mean) * 1.96 * deviation, nil
}

// Perplexity continues every passage under a Decoding, whose Rescale must be that of the prompts, and scores the true next
// tokens. The first token of a text is predicted by the prompt alone and does not count.
func (p *Prompted) Perplexity(ctx context.Context, o Decoding) (Perplexity, error) {
	o = o.withDefaults()
	out := Perplexity{Loss: make([]float64, len(p.passages))}
	fetched := make([]Fetched, len(p.passages))
	err := pool.Each(ctx, len(p.passages), func(i int) (err error) {
		out.Loss[i], fetched[i], err = p.continued(i, o)
		return err
	})
	for i, passage := range p.passages {
		out.Tokens += len(passage.Text) - 1
		out.Bytes += passage.Bytes
		out.Fetched.add(fetched[i])
	}
	return out, err
}

func (p *Prompted) continued(i int, o Decoding) (loss float64, _ Fetched, _ error) {
	d, session, err := p.start(i, o)
	if err != nil {
		return 0, Fetched{}, err
	}
	text := p.passages[i].Text
	for t, token := range text[:len(text)-1] {
		logits, err := session.Step(token)
		if err != nil {
			return 0, Fetched{}, err
		}
		loss += surprise(logits, text[t+1])
	}
	return loss, d.fetched, nil
}

// start is passage i after its prompt, under a Decoding.
func (p *Prompted) start(i int, o Decoding) (*decoding, *transformer.Session, error) {
	cascade, err := o.cascade(p.decoder.Spec.Layers)
	if err != nil {
		return nil, nil, err
	}
	earned, err := p.earned[i].With(cascade)
	if err != nil {
		return nil, nil, err
	}
	earned.Generate()
	d := &decoding{o: o, cascade: earned}
	if o.Progressive != nil {
		if d.cache, err = newPlanes(*o.Progressive, p.decoder.Spec, p.sessions[i]); err != nil {
			return nil, nil, err
		}
	}
	return d, p.sessions[i].Fork(d.attend), nil
}

// surprise is -ln of the probability that logits give to a token.
func surprise(logits []float32, token int32) float64 {
	top := logits[transformer.Likeliest(logits)]
	var sum float64
	for _, v := range logits {
		sum += math.Exp(float64(v - top))
	}
	return math.Log(sum) - float64(logits[token]-top)
}
