package dota

// lane runs the attention of its heads. All times are cycles since the lanes began with attention.
type lane struct {
	Spec
	Workload

	matrix    float64 // when the rows that attend are free
	detecting float64 // when the rows that detect are free, in RowSplit
	began     float64 // when the head in attention began
	functions float64 // when the multi-function unit is free
	scanned   float64 // when the scheduler has the next group ready

	detection, waiting       float64 // cycles of matrix spent in detection; idle
	products, softmax, scans float64 // busy cycles
	flow                     Group
	groups                   int
	heads                    int
}

func newLane(s Spec, w Workload) *lane {
	l := &lane{Spec: s, Workload: w}
	if w.Detector != nil {
		l.matrix = s.projection(w)
		l.detecting, l.began = l.matrix, l.matrix
	}
	return l
}

// head runs one head's groups: QK of the next group before A.V of this one, whose softmax goes on meanwhile.
func (l *lane) head(groups []Group) {
	l.detect()
	slow := 1.0
	if l.Overlap == RowSplit && l.Detector != nil {
		slow = float64(l.Rows) / float64(l.Rows-l.DetectorRows)
	}
	l.began = max(l.matrix, l.scanned)
	ready := l.scores(l.groupCost(l.Workload, groups[0]), slow)
	for i, g := range groups {
		c := l.groupCost(l.Workload, g)
		next := 0.0
		if i+1 < len(groups) {
			next = l.scores(l.groupCost(l.Workload, groups[i+1]), slow)
		}
		l.occupy(ready, max(c.products*slow, c.loads))
		l.products += c.products
		l.flow = l.flow.Plus(g)
		ready = next
	}
	l.groups += len(groups)
	l.heads++
}

// scores computes QK of a group and its softmax; the result is when the probabilities are there.
func (l *lane) scores(c cost, slow float64) (ready float64) {
	start := max(l.matrix, l.scanned)
	l.scanned = start + c.scan // the scheduler looks at the group after this one meanwhile
	l.scans += c.scan
	l.occupy(start, max(c.products*slow, c.loads))
	l.products += c.products
	l.functions = max(l.functions, l.matrix) + c.softmax
	l.softmax += c.softmax
	return l.functions
}

// occupy has the matrix unit work for a time, not before start.
func (l *lane) occupy(start, cycles float64) {
	if start > l.matrix {
		l.waiting += start - l.matrix
		l.matrix = start
	}
	l.matrix += cycles
}

// detect runs detection of the next head. Its mask leaves row by row, so that the scheduler has the first group ready soon
// after the last row that this group needs.
func (l *lane) detect() {
	if l.Detector == nil {
		return
	}
	cycles := l.Spec.detection(l.Workload)
	if l.Overlap == Serial {
		first := l.matrix + cycles*min(1, float64(l.Parallelism)/float64(l.Tokens))
		l.scanned = first + float64(l.Tokens)/float64(l.ScanRate)
		l.matrix += cycles
		l.detection += cycles
		return
	}
	begun := max(l.detecting, l.began) // one head ahead of the rows that attend, no more
	cycles *= float64(l.Rows) / float64(l.DetectorRows)
	l.detecting = begun + cycles
	l.scanned = max(l.scanned, l.detecting)
	l.detection += cycles * float64(l.DetectorRows) / float64(l.Rows)
}
