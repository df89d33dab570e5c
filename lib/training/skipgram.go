package training

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// SkipGram learns one vector a token from the tokens around it, with negative sampling (Mikolov et al., NeurIPS 2013), in
// plain Go on one thread. It costs a hundredth of masked-language modelling for the same text, and gives an encoder's token
// embedding a meaning to begin with. Zero fields have the values of word2vec, which is what the comments name.
type SkipGram struct {
	Width     int     // of a vector; must be given
	Window    int     // tokens on either side, the used one drawn from 1..Window; 5
	Negatives int     // 5
	Epochs    int     // 1
	Rate      float64 // falls to 0; 0.025
	Subsample float64 // frequency above which tokens are dropped at random; 1e-4
	Deviation float64 // root mean square of the returned values; 0.06 (assumed: thrice the initial deviation of positions)
	Seed      uint64
}

func (o SkipGram) withDefaults() SkipGram {
	for _, f := range []struct {
		value *int
		def   int
	}{{&o.Window, 5}, {&o.Negatives, 5}, {&o.Epochs, 1}} {
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	for _, f := range []struct {
		value *float64
		def   float64
	}{{&o.Rate, 0.025}, {&o.Subsample, 1e-4}, {&o.Deviation, 0.06}} {
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	return o
}

// noiseSlots is the size of the table that negatives are drawn from.
const noiseSlots = 1 << 20

// Learn gives vocabulary x Width values, row-major. Tokens below first are reserved: they have no neighbours, and their
// vectors stay small and random.
func (o SkipGram) Learn(ctx context.Context, texts [][]int32, vocabulary int, first int32) ([]float32, error) {
	o = o.withDefaults()
	if o.Width < 1 || o.Window < 1 || o.Negatives < 1 || o.Epochs < 1 {
		return nil, fmt.Errorf("training: SkipGram has Width %d, Window %d, Negatives %d, Epochs %d, must be at least 1 each", o.Width, o.Window, o.Negatives, o.Epochs)
	}
	counts, total := make([]float64, vocabulary), 0.0
	for i, text := range texts {
		for _, id := range text {
			if id < 0 || int(id) >= vocabulary {
				return nil, fmt.Errorf("training: SkipGram text %d has the token %d, must be in 0..%d", i, id, vocabulary-1)
			}
			if id >= first {
				counts[id]++
				total++
			}
		}
	}
	if total == 0 {
		return nil, fmt.Errorf("training: SkipGram has no text to learn from")
	}
	l := &skipGram{SkipGram: o, rng: rand.New(rand.NewPCG(o.Seed, 0x736b6970)), keep: make([]float64, vocabulary),
		in: make([]float32, vocabulary*o.Width), out: make([]float32, vocabulary*o.Width), step: make([]float32, o.Width)}
	for i := range l.in {
		l.in[i] = (l.rng.Float32() - 0.5) / float32(o.Width)
	}
	for id, n := range counts {
		if n > 0 {
			f := n / total
			l.keep[id] = math.Sqrt(o.Subsample/f) + o.Subsample/f
		}
	}
	l.noise = noiseTable(counts)
	seen, all := 0.0, total*float64(o.Epochs)
	for range o.Epochs {
		for _, text := range texts {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("%w while learning skip-gram vectors", ErrInterrupted)
			}
			l.rate = float32(max(o.Rate*(1-seen/all), o.Rate*1e-4))
			l.text(text, first)
			seen += float64(len(text))
		}
	}
	return l.scaled(), nil
}

// noiseTable draws tokens by their count to the power of 3/4.
func noiseTable(counts []float64) []int32 {
	sum := 0.0
	for _, n := range counts {
		sum += math.Pow(n, 0.75)
	}
	table := make([]int32, 0, noiseSlots)
	at := 0.0
	for id, n := range counts {
		at += math.Pow(n, 0.75) / sum
		for float64(len(table)) < at*noiseSlots && len(table) < noiseSlots {
			table = append(table, int32(id))
		}
	}
	return table
}

// skipGram is a training in progress.
type skipGram struct {
	SkipGram
	rng     *rand.Rand
	keep    []float64
	noise   []int32
	in, out []float32
	step    []float32 // change of the present vector
	kept    []int32
	rate    float32
}

func (l *skipGram) text(text []int32, first int32) {
	l.kept = l.kept[:0]
	for _, id := range text {
		if id >= first && (l.keep[id] >= 1 || l.rng.Float64() < l.keep[id]) {
			l.kept = append(l.kept, id)
		}
	}
	for i, centre := range l.kept {
		reach := 1 + l.rng.IntN(l.Window)
		for j := max(0, i-reach); j < min(len(l.kept), i+reach+1); j++ {
			if j != i {
				l.pair(centre, l.kept[j])
			}
		}
	}
}

// pair moves a token's vector to its neighbour's and away from random ones'.
func (l *skipGram) pair(token, neighbour int32) {
	v := l.in[int(token)*l.Width : (int(token)+1)*l.Width]
	step := l.step[:len(v)]
	clear(step)
	for n := range l.Negatives + 1 {
		other, label := neighbour, float32(1)
		if n > 0 {
			if other, label = l.noise[l.rng.IntN(len(l.noise))], 0; other == neighbour {
				continue
			}
		}
		u := l.out[int(other)*l.Width : (int(other)+1)*l.Width][:len(v)] // the last slice tells the compiler the length
		dot := float32(0)
		for i, x := range v {
			dot += x * u[i]
		}
		g := (label - sigmoid(dot)) * l.rate
		for i, x := range v {
			step[i] += g * u[i]
			u[i] += g * x
		}
	}
	for i, d := range step {
		v[i] += d
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

func (l *skipGram) scaled() []float32 {
	squares := 0.0
	for _, x := range l.in {
		squares += float64(x) * float64(x)
	}
	scale := float32(l.Deviation / math.Sqrt(squares/float64(len(l.in))))
	for i := range l.in {
		l.in[i] *= scale
	}
	return l.in
}
