package dram

// Wear counts how often each access of a memory is written, from the command log: hand its Record to System.Log. Writes
// that were absorbed in the controller do not wear a cell. It keeps one count per access ever written.
type Wear struct {
	spec   Spec
	counts map[Location]int64
	worst  Location
}

// NewWear counts for a memory.
func NewWear(s Spec) *Wear { return &Wear{spec: s, counts: map[Location]int64{}} }

// Record looks at one command. A transposable array has the same cells along both axes, but its keys are written along
// one, so rows from Spec.Rows on count as rows of their own.
func (w *Wear) Record(c Command) {
	if !c.Op.writes() {
		return
	}
	l := Location{c.Channel, c.Rank, c.Group, c.Bank, c.Row, c.Column}
	w.counts[l]++
	if w.counts[l] > w.counts[w.worst] {
		w.worst = l
	}
}

// Worst is the access written most often, and how often; 0 when nothing was written.
func (w *Wear) Worst() (at Location, writes int64) { return w.worst, w.counts[w.worst] }

// Cells is the number of accesses written at least once.
func (w *Wear) Cells() int { return len(w.counts) }

// Lifetime is how long the most written cells last when the run repeats without pause: the endurance in writes over the
// writes per run, times the clocks of a run, in seconds.
func (w *Wear) Lifetime(endurance float64, run Stats) (seconds float64) {
	_, n := w.Worst()
	return Lifetime(endurance, float64(n), run.Cycles.Seconds(w.spec.Clock))
}
