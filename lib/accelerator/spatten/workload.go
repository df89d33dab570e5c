package spatten

import (
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Float marks operands that are not quantised: 32 bits in memory.
const Float = -1

// Stage says what a workload does.
type Stage uint8

const (
	Generation    Stage = iota // one query a row; keys and values of earlier tokens lie in memory
	Summarisation              // as many queries as tokens; keys and values of a layer exist only after the one before
)

func (s Stage) String() string { return legal.Name(s, "Stage", "generation", "summarisation") }

// Row is one head of one layer of one pass, as a line of the authors' workload files.
type Row struct {
	Iteration, Layer, Head int // counted from 0; heads are renumbered among those that are left
	Dim                    int
	Length                 int // tokens of the sentence
	Queries                int // 1 in generation
	Keys, Values           int // read
	KeyBits, QueryBits     int // of the first plane; Float is 32
	ValueBits              int
	Threshold              float64 // of the largest probability; Float when off
	LSB                    bool    // this row needs the second plane of its keys
	LSBBits                int     // of the second plane; Float when off
	Accumulate             bool    // importance is added up
	Rescale                bool    // old importance is scaled for a new token
	Rank                   bool    // tokens are ranked after this row
	Keep                   int     // tokens kept then; Float when off
}

// Workload is rows in order of iteration, layer and head.
type Workload struct {
	Name  string
	Stage Stage
	Rows  []Row
	Seed  uint64 // of the surviving tokens and of the scores
}

// width is the bits of an element in memory.
func width(bits int) int {
	if bits == Float {
		return 32
	}
	return bits
}

// Operations is the multiplications and additions of the row: 2 dim (keys + values) a query.
func (r Row) Operations() float64 {
	return 2 * float64(r.Dim) * float64(r.Queries) * float64(r.Keys+r.Values)
}

// Traffic is the bytes of keys and values that the row reads, by planes.
func (r Row) Traffic() float64 {
	b := float64(r.Keys*r.Dim*width(r.KeyBits)+r.Values*r.Dim*width(r.ValueBits)) / 8
	if r.LSB {
		b += float64(r.Keys*r.Dim*max(r.LSBBits, 4)) / 8 // files that merge both planes leave LSBBits off
	}
	return b
}

// Totals are sums over rows, and what the same passes need without pruning: all heads of the widest layer, all tokens, in
// FP32.
type Totals struct {
	Rows, LSBRows              int
	Keys, Values               int64
	Traffic, DenseTraffic      float64 // bytes of keys and values
	Operations                 float64
	DenseKeys, DenseOperations float64 // keys of all heads; as many values
	DenseRows                  int
}

// Totals sums a workload.
func (w Workload) Totals() Totals {
	var t Totals
	heads := 0
	for _, r := range w.Rows {
		heads = max(heads, r.Head+1)
	}
	for i, r := range w.Rows {
		t.Rows++
		if r.LSB {
			t.LSBRows++
		}
		t.Keys += int64(r.Keys)
		t.Values += int64(r.Values)
		t.Traffic += r.Traffic()
		t.Operations += r.Operations()
		if i > 0 && w.Rows[i-1].Layer == r.Layer && w.Rows[i-1].Iteration == r.Iteration {
			continue
		}
		queries := 1
		if w.Stage == Summarisation {
			queries = r.Length
		}
		all := float64(heads * r.Length)
		t.DenseRows += heads
		t.DenseKeys += all
		t.DenseOperations += 4 * float64(r.Dim) * float64(queries) * all
		t.DenseTraffic += 8 * float64(r.Dim) * all
	}
	return t
}

// Reduction is how many times fewer keys and values are used than there are.
func (t Totals) Reduction() float64 { return 2 * t.DenseKeys / float64(t.Keys+t.Values) }

// Validate reports the first row that no machine can run: keys beyond the sentence, values beyond the keys, a bit split
// that the converter does not take, and a token or a head that comes back within an iteration.
func (w Workload) Validate() error {
	if len(w.Rows) == 0 {
		return fmt.Errorf("spatten: Workload.Rows of %q holds 0 rows, must hold at least 1", w.Name)
	}
	if w.Stage > Summarisation {
		return fmt.Errorf("spatten: Workload.Stage of %q is %v, must be generation or summarisation", w.Name, w.Stage)
	}
	heads, last := 0, 0 // of this layer so far, and of the layer before
	for i, r := range w.Rows {
		bad := func(field string, value any, text string, args ...any) error {
			return legal.Complaint(fmt.Sprintf("spatten: %s: Rows[%d]", w.Name, i))(field, value, text, args...)
		}
		switch {
		case r.Iteration < 0:
			return bad("Iteration", r.Iteration, "at least 0")
		case r.Layer < 0:
			return bad("Layer", r.Layer, "at least 0")
		case r.Dim < 1 || r.Dim > 512 || r.Dim&(r.Dim-1) != 0:
			return bad("Dim", r.Dim, "a power of two in 1..512")
		case r.Length < 1 || r.Length > 1024:
			return bad("Length", r.Length, "in 1..1024")
		case w.Stage == Generation && r.Queries != 1:
			return bad("Queries", r.Queries, "1 in generation")
		case r.Queries < 1 || r.Queries > r.Length:
			return bad("Queries", r.Queries, "in 1..%d (Length)", r.Length)
		case r.Keys < 1 || r.Keys > r.Length:
			return bad("Keys", r.Keys, "in 1..%d (Length)", r.Length)
		case r.Values < 1 || r.Values > r.Keys:
			return bad("Values", r.Values, "in 1..%d (Keys)", r.Keys)
		case !legalBits(r.KeyBits):
			return bad("KeyBits", r.KeyBits, "4, 6, 8, 10, 12, 16 or -1")
		case !legalBits(r.ValueBits):
			return bad("ValueBits", r.ValueBits, "4, 6, 8, 10, 12, 16 or -1")
		case !legalBits(r.QueryBits):
			return bad("QueryBits", r.QueryBits, "4, 6, 8, 10, 12, 16 or -1")
		case r.LSBBits != Float && r.LSBBits != 4 || r.LSBBits == 4 && (r.KeyBits < 4 || r.KeyBits > 12):
			return bad("LSBBits", r.LSBBits, "-1, or 4 behind a first plane of 4 to 12 bits")
		case r.LSB && r.LSBBits != 4:
			return bad("LSB", r.LSB, "false without a second plane (LSBBits)")
		case r.Threshold != Float && !(r.Threshold >= 0 && r.Threshold <= 1) || math.IsNaN(r.Threshold):
			return bad("Threshold", r.Threshold, "-1 or in 0..1")
		case r.Rank && (r.Keep < 1 || r.Keep > r.Length):
			return bad("Keep", r.Keep, "in 1..%d (Length)", r.Length)
		}
		if i == 0 {
			heads = 1
			continue
		}
		p := w.Rows[i-1]
		switch {
		case r.Iteration < p.Iteration || r.Iteration == p.Iteration && (r.Layer < p.Layer || r.Layer == p.Layer && r.Head <= p.Head):
			return bad("Head", r.Head, "after the row before, in order of iteration, layer and head")
		case r.Iteration != p.Iteration:
			heads, last = 1, 0
		case r.Layer == p.Layer:
			if heads++; last > 0 && heads > last {
				return bad("Head", r.Head, "among the %d of the layer before: a pruned head does not come back", last)
			}
			if r.Keys != p.Keys {
				return bad("Keys", r.Keys, "%d as for the other heads of its layer", p.Keys)
			}
		default:
			heads, last = 1, heads
			if r.Keys > p.Keys {
				return bad("Keys", r.Keys, "at most %d: a pruned token does not come back", p.Keys)
			}
		}
	}
	return nil
}

func legalBits(b int) bool {
	switch b {
	case Float, 4, 6, 8, 10, 12, 16:
		return true
	}
	return false
}
