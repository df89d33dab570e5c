package reram

import "math/rand/v2"

// Streams of the random generators, so that switching one source of noise leaves the others as they were.
const (
	streamCells uint64 = iota + 1
	streamRead
	streamComparator
)

func (a Array) random(stream uint64) *rand.Rand {
	seed := mix(a.Seed) ^ mix(stream<<32)
	if stream == streamComparator { // the chip's own: the same after every write
		return rand.New(rand.NewPCG(seed, stream))
	}
	return rand.New(rand.NewPCG(seed, a.Write))
}

// program writes the keys to the cells and returns what the bit lines multiply the query with, Dim x Valid, in units of
// the reduced head's K.
func (a Array) program(o operands) []float32 {
	h := o.head
	weights := make([]float32, h.Dim*h.Valid)
	if !a.Noise.analogue() {
		for j := range h.Valid {
			for i, k := range h.Key(j) {
				weights[i*h.Valid+j] = float32(k)
			}
		}
		return weights
	}
	b := block{Array: a, operands: o, random: a.random(streamCells), weights: weights}
	perArray := max(a.Cols/a.Columns(), 1)
	for row := 0; row < h.Dim; row += a.RowsUsed {
		for key := 0; key < h.Valid; key += perArray {
			b.write(row, min(row+a.RowsUsed, h.Dim), key, min(key+perArray, h.Valid))
		}
	}
	return weights
}

// block is one array being written.
type block struct {
	Array
	operands
	random  *rand.Rand
	weights []float32

	g, rowLoss, line, colLoss []float64
}

// write programs the cells of the rows and keys of one array and reads back their effective weights.
func (b *block) write(row0, row1, key0, key1 int) {
	rows, cols := row1-row0, (key1-key0)*b.Columns()
	b.g = b.conductances(b.g[:0], row0, row1, key0, key1)
	b.rowLoss, b.colLoss = resized(b.rowLoss, rows*cols), resized(b.colLoss, rows*cols)
	reference := make([]float64, b.Slices())              // conductance of the reference cell of each slice
	referenceLoss := make([]float64, len(reference)*rows) // along its bit line
	for s := range reference {
		reference[s] = b.level(s, b.digit(1<<(b.keyBits-1), s))
	}
	if b.Noise.IRDrop {
		b.losses(rows, cols)
		column := make([]float64, rows)
		for s, g := range reference {
			for i := range column {
				column[i] = g
			}
			lineLoss(referenceLoss[s*rows:(s+1)*rows], column, b.WireOhm)
		}
	}
	slices, valid := b.Slices(), b.head.Valid
	for i := range rows {
		for j := range key1 - key0 {
			sum := 0.0
			for s := range slices {
				c := i*cols + j*b.Columns() + s
				current := b.g[c] * (1 - b.rowLoss[c] - b.colLoss[c])
				if b.Signed == Differential {
					n := c + slices
					current -= b.g[n] * (1 - b.rowLoss[n] - b.colLoss[n])
				} else {
					current -= reference[s] * (1 - b.rowLoss[c] - referenceLoss[s*rows+i])
				}
				sum += current * float64(b.top(s)) / (b.Cell.On() - b.Cell.Off()) * float64(int(1)<<(s*b.CellBits))
			}
			b.weights[(row0+i)*valid+key0+j] = float32(sum*float64(b.levelUnits) + float64(b.levelUnits-1))
		}
	}
}

// conductances appends the cells of one array, row by row; the columns of a key are its slices, least significant first, and
// then those of its negative part.
func (b *block) conductances(dst []float64, row0, row1, key0, key1 int) []float64 {
	targets := make([][]float64, b.Slices())
	for s := range targets {
		for l := range b.top(s) + 1 {
			targets[s] = append(targets[s], b.level(s, l))
		}
	}
	noisy := b.Noise.Cells != NoVariation
	put := func(magnitude int) {
		for s := range b.Slices() {
			g := targets[s][b.digit(magnitude, s)]
			if noisy {
				g = b.Noise.Cells.program(g, b.Noise.Sigma, b.Cell, b.random.NormFloat64())
			}
			dst = append(dst, g)
		}
	}
	for i := row0; i < row1; i++ {
		for j := key0; j < key1; j++ {
			k := int(b.keys[j*b.head.Dim+i])
			if b.Signed == Differential {
				put(max(k, 0))
				put(max(-k, 0))
			} else {
				put(k + 1<<(b.keyBits-1))
			}
		}
	}
	return dst
}

// losses fills in what the word lines and the bit lines of the array take from every cell.
func (b *block) losses(rows, cols int) {
	for i := range rows {
		lineLoss(b.rowLoss[i*cols:(i+1)*cols], b.g[i*cols:(i+1)*cols], b.WireOhm)
	}
	b.line = resized(b.line, 2*rows)
	column, loss := b.line[:rows], b.line[rows:]
	for c := range cols {
		for i := range rows {
			column[i] = b.g[i*cols+c]
		}
		lineLoss(loss, column, b.WireOhm)
		for i := range rows {
			b.colLoss[i*cols+c] = loss[i]
		}
	}
}

// top is the highest level of a slice: the uppermost may hold fewer bits than its cells could.
func (b *block) top(slice int) int { return 1<<min(b.CellBits, max(1, b.keyBits-slice*b.CellBits)) - 1 }

// level is the conductance of a level of a slice in microsiemens. The levels that there are use the whole range of a cell.
func (b *block) level(slice, l int) float64 {
	return b.Cell.Off() + float64(l)/float64(b.top(slice))*(b.Cell.On()-b.Cell.Off())
}

// digit is slice s of a magnitude.
func (b *block) digit(magnitude, s int) int {
	return magnitude >> (s * b.CellBits) & (1<<b.CellBits - 1)
}

// resized returns a zeroed slice of n values, reusing x.
func resized(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	x = x[:n]
	clear(x)
	return x
}
