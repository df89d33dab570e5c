package datasets

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
)

// Batch is Size rows padded to one width. Rows beyond Count are filling, so that few distinct shapes occur:
// they hold a single CLS, length 1, label -1, score 0 and example -1. Every value belongs to the receiver.
type Batch struct {
	Size, Tokens int        // rows, row width
	Count        int        // real examples; they come first
	IDs          []int32    // Size x Tokens, row-major; 0 = padding
	Lengths      []int32    // Size; valid tokens of a row
	Labels       []int32    // Size; -1 in filling
	Scores       []float32  // Size; the targets of a regression task
	Spans        [][2]int32 // Size; the answers of a question answering task
	Patch        int        // values of one patch; 0 = the inputs are IDs
	Patches      []float32  // Size x Tokens x Patch, in [-1,1]; the first of a row is blank and stands for the class token
	Examples     []int      // Size; the row's index in the examples given to Batches, -1 in filling
	Inner        []int32    // Size x Tokens; labels of single tokens, -1 where there is none; nil when no row has any
}

// Split cuts a batch into n batches of equal or nearly equal Size, fewer where it has fewer rows. They share its memory.
func (b Batch) Split(n int) []Batch {
	n = max(1, min(n, b.Size))
	parts := make([]Batch, n)
	for i := range parts {
		from, to := i*b.Size/n, (i+1)*b.Size/n
		parts[i] = Batch{Size: to - from, Tokens: b.Tokens, Count: min(max(b.Count-from, 0), to-from), Patch: b.Patch,
			IDs: rowsOf(b.IDs, from, to, b.Tokens), Lengths: rowsOf(b.Lengths, from, to, 1), Labels: rowsOf(b.Labels, from, to, 1),
			Scores: rowsOf(b.Scores, from, to, 1), Spans: rowsOf(b.Spans, from, to, 1), Examples: rowsOf(b.Examples, from, to, 1),
			Patches: rowsOf(b.Patches, from, to, b.Tokens*b.Patch), Inner: rowsOf(b.Inner, from, to, b.Tokens)}
	}
	return parts
}

// rowsOf are rows from..to-1 of a matrix; nil stays nil.
func rowsOf[T any](x []T, from, to, width int) []T {
	if x == nil {
		return nil
	}
	return x[from*width : to*width]
}

// BatchOptions of Batches. Every distinct width costs one compilation of the model's graph; all batches of a width have
// as many rows.
type BatchOptions struct {
	Size     int     // rows of a batch, at least 1
	Tokens   int     // where not 0: a batch holds at most this many tokens with its padding, so it has min(Size, Tokens/width) rows, at least 1
	Seed     uint64  // of the shuffle
	Epoch    int     // another epoch, another order
	Shuffle  bool    // else examples stay in order within their width, narrow widths first
	Widths   []int   // allowed widths, ascending; nil: multiples of Multiple
	Multiple int     // 0 = 16; ignored when Widths are given
	Limit    int     // widest row, where Multiple would pass the model's positions; 0 = none
	DropLast bool    // leave out the batches that are not full
	Augment  Augment // how images are varied; another way in every epoch
}

// defaultMultiple gives at most 8 shapes for 128 tokens, at under 8 tokens of padding a row on average.
const defaultMultiple = 16

// Validate names the first field that is out of range.
func (o BatchOptions) Validate() error {
	switch {
	case o.Size < 1:
		return fmt.Errorf("datasets: BatchOptions.Size is %d, must be at least 1", o.Size)
	case o.Tokens < 0:
		return fmt.Errorf("datasets: BatchOptions.Tokens is %d, must be at least 1, or 0 for no bound", o.Tokens)
	case o.Multiple < 0:
		return fmt.Errorf("datasets: BatchOptions.Multiple is %d, must be at least 1, or 0 for %d", o.Multiple, defaultMultiple)
	case o.Limit < 0:
		return fmt.Errorf("datasets: BatchOptions.Limit is %d, must be at least 1, or 0 for none", o.Limit)
	}
	if err := o.Augment.validate(); err != nil {
		return err
	}
	for i, w := range o.Widths {
		if w < 1 || i > 0 && w <= o.Widths[i-1] {
			return fmt.Errorf("datasets: BatchOptions.Widths[%d] is %d, must be at least 1 and above the one before", i, w)
		}
	}
	return nil
}

// Check validates the options and that every example fits into the widest row.
func (o BatchOptions) Check(examples []Example) error {
	if err := o.Validate(); err != nil {
		return err
	}
	for i, e := range examples {
		if len(e.IDs) == 0 {
			return fmt.Errorf("datasets: example %d has 0 tokens, must have at least 1", i)
		}
		if (e.Image == nil) != (examples[0].Image == nil) || e.Image != nil && *e.Image.Raster != *examples[0].Image.Raster {
			return fmt.Errorf("datasets: example %d has another raster than example 0, must be the same", i)
		}
		if o.width(len(e.IDs)) < len(e.IDs) {
			return fmt.Errorf("datasets: example %d has %d tokens, must have at most %d (BatchOptions.Widths, Limit)", i, len(e.IDs), o.width(len(e.IDs)))
		}
	}
	return nil
}

// width is the padded width of a row of n tokens, below n if none is wide enough.
func (o BatchOptions) width(n int) int {
	w := 0
	if len(o.Widths) > 0 {
		i, _ := slices.BinarySearch(o.Widths, n)
		w = o.Widths[min(i, len(o.Widths)-1)]
	} else {
		m := cmp.Or(o.Multiple, defaultMultiple)
		w = (n + m - 1) / m * m
	}
	if o.Limit > 0 {
		w = min(w, o.Limit)
	}
	return w
}

// Batches yields examples as padded batches of one width each. The order is a function of (examples, o) alone, and the
// number of batches does not depend on Seed, Epoch or Shuffle. It panics where o.Check(examples) returns an error.
func Batches(examples []Example, o BatchOptions) iter.Seq[Batch] {
	if err := o.Check(examples); err != nil {
		panic(err)
	}
	return func(yield func(Batch) bool) {
		for _, rows := range o.plan(examples) {
			if !yield(o.pad(examples, rows)) {
				return
			}
		}
	}
}

// Count is the number of batches that Batches yields.
func (o BatchOptions) Count(examples []Example) int { return len(o.plan(examples)) }

// rows is the number of rows of a batch of this width.
func (o BatchOptions) rows(width int) int {
	if o.Tokens == 0 {
		return o.Size
	}
	return max(1, min(o.Size, o.Tokens/width))
}

// plan gives the example indices of each batch.
func (o BatchOptions) plan(examples []Example) [][]int {
	order := make([]int, len(examples))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(o.Seed, mix(uint64(o.Epoch))))
	if o.Shuffle {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	buckets := map[int][]int{}
	var widths []int
	for _, i := range order {
		w := o.width(len(examples[i].IDs))
		if _, ok := buckets[w]; !ok {
			widths = append(widths, w)
		}
		buckets[w] = append(buckets[w], i)
	}
	slices.Sort(widths)
	var batches [][]int
	for _, w := range widths {
		for rows := range slices.Chunk(buckets[w], o.rows(w)) {
			if len(rows) == o.rows(w) || !o.DropLast {
				batches = append(batches, rows)
			}
		}
	}
	if o.Shuffle {
		rng.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	}
	return batches
}

func (o BatchOptions) pad(examples []Example, rows []int) Batch {
	width := o.width(len(examples[rows[0]].IDs))
	o.Size = o.rows(width)
	b := Batch{
		Size: o.Size, Tokens: width, Count: len(rows),
		IDs:     make([]int32, o.Size*width),
		Lengths: make([]int32, o.Size), Labels: make([]int32, o.Size), Scores: make([]float32, o.Size), Examples: make([]int, o.Size),
		Spans: make([][2]int32, o.Size),
	}
	if first := examples[rows[0]].Image; first != nil {
		b.Patch = first.PatchValues()
		b.Patches = make([]float32, o.Size*width*b.Patch)
	}
	for r := range o.Size {
		if r >= len(rows) {
			b.IDs[r*width], b.Lengths[r], b.Labels[r], b.Examples[r] = CLS, 1, -1, -1
			continue
		}
		e := examples[rows[r]]
		copy(b.IDs[r*width:(r+1)*width], e.IDs)
		b.Lengths[r], b.Labels[r], b.Scores[r], b.Examples[r] = int32(len(e.IDs)), e.Label, e.Score, rows[r]
		b.Spans[r] = e.Span
		if e.Image != nil {
			seed := mix(o.Seed ^ mix(uint64(o.Epoch)<<32|uint64(rows[r])))
			v := o.Augment.draw(rand.New(rand.NewPCG(seed, 0x61756774)), e.Image.Raster)
			e.Image.cut(v, b.Patches[(r*width+1)*b.Patch:(r*width+len(e.IDs))*b.Patch])
		}
		if e.Inner != nil {
			if b.Inner == nil {
				b.Inner = slices.Repeat([]int32{-1}, o.Size*width)
			}
			copy(b.Inner[r*width:(r+1)*width], e.Inner)
		}
	}
	return b
}

// mix spreads consecutive seeds over 64 bits (splitmix64, Steele et al., OOPSLA 2014), so that their streams are unrelated.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
