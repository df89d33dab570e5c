package anchor

import (
	"fmt"
	"strings"

	"github.com/sparse-attention/workbench/lib/dram"
	"github.com/sparse-attention/workbench/lib/published"
)

// micro is the figure of the scenarios of a few banks.
const micro = "anchor-micro"

// The reads of the scenarios, by their names in the data; all are of channel 0.
var places = map[string]func(i int) dram.Location{
	"one":                    rows,
	"two_same_row":           columns,
	"same_row_32":            columns,
	"two_rows_same_bank":     rows,
	"alt_rows_1000":          rows,
	"four_banks_diff_bg":     rotating,
	"five_banks_diff_bg":     rotating,
	"sixteen_banks":          rotating,
	"sixteen_banks_x100rows": rotating,
	"one_pc_6400":            rotating,
	"four_banks_same_bg":     func(i int) dram.Location { return dram.Location{Bank: i} },
	"two_pc_6400": func(i int) dram.Location { // the pseudo channels in turn
		l := rotating(i / 2)
		l.Rank = i % 2
		return l
	},
}

func rows(i int) dram.Location    { return dram.Location{Row: i} }
func columns(i int) dram.Location { return dram.Location{Column: i} }

// rotating goes through the groups first, then the banks, then the rows.
func rotating(i int) dram.Location {
	return dram.Location{Group: i % 4, Bank: i / 4 % 4, Row: i / 16}
}

// Micros returns the scenarios of dram.md section 6, F1 and F2, in the order of the data: a few banks of one channel without
// refresh, for which the clocks follow from single timings.
func Micros() ([]Anchor, error) {
	var all []Anchor
	for _, system := range []string{DRAMsim3, Ramulator} {
		for _, r := range published.Figure(system, micro) {
			if n := len(all); n > 0 && all[n-1].System == system && all[n-1].Series == r.Series {
				all[n-1].Metrics[r.Metric] = r.Value
				continue
			}
			a := Anchor{System: system, Figure: micro, Series: r.Series, Workload: r.Workload, Config: r.Config,
				Metrics: map[string]float64{r.Metric: r.Value}, place: places[r.Series]}
			if a.place == nil {
				return nil, fmt.Errorf("anchor: series is %q, which is no scenario", r.Series)
			}
			if _, err := fmt.Sscanf(r.Workload, "%d read", &a.Requests); err != nil {
				return nil, fmt.Errorf("anchor: %s: workload is %q, must begin with a number of reads", r.Series, r.Workload)
			}
			if err := a.words(strings.Split(r.Config, "; ")); err != nil {
				return nil, err
			}
			all = append(all, a)
		}
	}
	return all, nil
}

// placed is the stream of a scenario.
func (a Anchor) placed(yield func(dram.Request) bool) {
	m, err := dram.ParseMapping(a.Spec)
	if err != nil {
		return // Run refuses the Spec with this error
	}
	for i := range a.Requests {
		addr, err := m.Address(a.place(i))
		if err != nil {
			panic("anchor: a scenario leaves the memory: " + err.Error())
		}
		if !yield(dram.Request{ID: uint64(i), Addr: addr}) {
			return
		}
	}
}
