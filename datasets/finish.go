package datasets

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
)

// finish samples the splits to the sizes asked for, builds the vocabulary from the training split unless one is given, and
// makes the ids.
func (d *Dataset) finish(level Level, o Options) error {
	if err := d.thin(o); err != nil {
		return err
	}
	if err := d.count(level, texts(d.Train), o); err != nil {
		return err
	}
	for _, s := range d.splits() {
		for i := range s.examples {
			e := &s.examples[i]
			e.IDs, e.Second = d.Vocabulary.encodeText(e.Text)
		}
	}
	return nil
}

// thin samples the splits to the sizes that the options ask for.
func (d *Dataset) thin(o Options) error {
	for _, s := range []struct {
		name     string
		examples *[]Example
		want     int
	}{{"Train", &d.Train, o.Train}, {"Dev", &d.Dev, o.Dev}, {"Test", &d.Test, o.Test}} {
		if s.want > len(*s.examples) {
			return fmt.Errorf("datasets: Options.%s is %d, must be at most %d, all that %s has", s.name, s.want, len(*s.examples), d.Name)
		}
		if s.want > 0 && s.want < len(*s.examples) {
			*s.examples = sample(*s.examples, s.want, o.Seed)
		}
	}
	return nil
}

// count sets the vocabulary: the one given, else the bytes, else the words of texts.
func (d *Dataset) count(level Level, texts iter.Seq[string], o Options) (err error) {
	if o.Level != "" {
		level = o.Level
	}
	switch d.Vocabulary = o.Vocabulary; {
	case d.Vocabulary != nil:
	case level == Bytes:
		d.Vocabulary = ByteVocabulary()
	default:
		d.Vocabulary, err = CountWords(level, texts, cmp.Or(o.VocabularySize, defaultVocabulary), cmp.Or(o.MinCount, defaultMinCount))
	}
	return err
}

// sample takes n of examples at random, in random order: files are often sorted by label, and whoever takes the first few of a
// split must not get one class.
func sample(examples []Example, n int, seed uint64) []Example {
	picked := rand.New(rand.NewPCG(seed, mix(uint64(n)))).Perm(len(examples))[:n]
	out := make([]Example, n)
	for i, p := range picked {
		out[i] = examples[p]
	}
	return out
}

// texts yields the text of each example.
func texts(examples []Example) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range examples {
			if !yield(e.Text) {
				return
			}
		}
	}
}
