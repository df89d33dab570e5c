package datasets

import (
	"fmt"
	"math/rand/v2"
)

func init() { openers["gosource-retrieval"] = openRetrieval }

// retrievalSeparator joins the two documents of a pair in Example.Text: both hold tabs.
const retrievalSeparator = "\x1e" // ASCII's record separator

// openRetrieval asks whether two documents of the Go source belong to the same package, byte for byte: the Long Range Arena's
// two-document retrieval on text that is always at hand (the benchmark asks whether two papers cite each other, and its texts
// are not public). Documents and splits are gosource's. Half of the pairs are two documents of one package; in the other
// half the second comes from another package, of any family.
func openRetrieval(o Options) (*Dataset, error) {
	d := &Dataset{Name: "gosource-retrieval", Classes: []string{"different", "same package"}, Vocabulary: ByteVocabulary()}
	return d, d.cut(o, 20000, pairs) // assumed
}

// pairs draws n pairs, alternately of one package and of two. A package is drawn as often as it has documents; no pair occurs
// twice.
func pairs(packages []goPackage, n int, seed uint64) ([]Example, error) {
	type document struct{ pack, index int }
	var all []document
	for p := range packages {
		if len(packages[p].documents) < 2 {
			continue
		}
		for i := range packages[p].documents {
			all = append(all, document{p, i})
		}
	}
	if most := len(all); n > most {
		return nil, fmt.Errorf("must be at most %d, the number of documents", most)
	}
	rng := rand.New(rand.NewPCG(seed, mix(seed^0x7265747269657665)))
	vocabulary := ByteVocabulary()
	seen := map[[2]document]bool{}
	examples := make([]Example, 0, n)
	for len(examples) < n {
		same := len(examples)%2 == 1
		a := all[rng.IntN(len(all))]
		b := all[rng.IntN(len(all))]
		if same {
			b = document{a.pack, rng.IntN(len(packages[a.pack].documents))}
		}
		if (a.pack == b.pack) != same || a == b || seen[[2]document{a, b}] {
			continue
		}
		seen[[2]document{a, b}] = true
		first, second := packages[a.pack].documents[a.index], packages[b.pack].documents[b.index]
		e := Example{IDs: append(vocabulary.Encode(first), SEP), Text: first + retrievalSeparator + second}
		if same {
			e.Label = 1
		}
		e.Second = len(e.IDs)
		e.IDs = append(vocabulary.append(e.IDs, second), SEP)
		examples = append(examples, e)
	}
	rng.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
	return examples, nil
}
