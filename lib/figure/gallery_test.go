package figure

import (
	"math"
	"strings"

	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/published"
)

var components = map[string]string{"reram_read_share": "ReRAM read", "reram_write_share": "ReRAM write", "onchip_read_share": "on-chip read",
	"onchip_write_share": "on-chip write", "qk_pu_share": "QK-PU", "v_pu_share": "V-PU", "softmax_share": "softmax", "rest_share": "rest"}

var sentence = strings.Fields("The more pictures of him that appear in the news , the more embarrassed John becomes")

// near stands for a simulation: within 8 % of the paper, and the same every time.
func near(r published.Row) float64 {
	return r.Value * (1 + 0.08*math.Sin(float64(len(r.Workload)*7+len(r.Config)*3)+r.Value))
}

func metric(figure, name string) []published.Row {
	return published.Select(published.Figure("sprint", figure), func(r published.Row) bool { return r.Metric == name })
}

// stripes is a mask with structure: some columns that every query keeps, and a diagonal band.
func stripes(tokens, valid int) *attention.Mask {
	m := attention.NewMask(tokens, tokens)
	for t := range valid {
		for j := range valid {
			if j%5 == 1 || t-j <= 1 && j-t <= 1 {
				m.Keep(t, j)
			}
		}
	}
	return m
}

func speedup() (Chart, error) {
	c, err := NewBars("Speedup over the baseline of the same size", AppendMean(Against(published.Figure("sprint", "fig11-speedup"), near), "Geomean", published.Geometric))
	if err == nil {
		c.Colour, c.YLabel = ByConfig, "speedup (×)"
		c.Caption = "The geometric means are printed in the paper; its bars were read from the chart to 0.1."
	}
	return c, err
}

func accuracy() (Chart, error) {
	a, err := NewBars("Accuracy", Against(metric("fig9-accuracy", "accuracy"), func(r published.Row) float64 { return r.Value - 1 }))
	if err != nil {
		return nil, err
	}
	a.YMin, a.YMax, a.YLabel, a.Labels = 70, 100, "accuracy (%)", true
	p, err := NewBars("Perplexity", Against(metric("fig9-accuracy", "perplexity"), near))
	if err != nil {
		return nil, err
	}
	p.YMin, p.YMax, p.YLabel = 10, 25, "perplexity"
	c, err := NewPanels("Accuracy and perplexity of the four modes", a, p)
	if err == nil {
		c.Shared, c.Shares = true, []float64{3, 1}
	}
	return c, err
}

func segments() []published.Row {
	return published.Select(published.Figure("sprint", "energy-a-breakdown"), func(r published.Row) bool { return r.Metric != "total_share" })
}

func energy() (Chart, error) {
	c, err := NewStack("Energy by component, M", Against(segments(), near))
	if err == nil {
		c.Names, c.YLabel = components, "energy (% of Baseline)"
		c.Top = Against(published.Figure("sprint", "energy-a-multiplier"), near)
	}
	return c, err
}

func bits() (Chart, error) {
	c, err := NewLines("Accuracy against the bits of the in-memory score", Against(published.Figure("sprint", "fig5-bits"), func(r published.Row) float64 { return 0.97 * r.Value }))
	if err == nil {
		c.XLabel, c.YLabel = "bits b", "accuracy (%)"
	}
	return c, err
}

func mask() (Chart, error) {
	c, err := NewMaskMap("Keys kept in layer 1", stripes(20, 16), 16, published.Row{System: "sprint", Figure: "fig2-mask", Series: "kept", Workload: "CoLA layer 1"})
	if err == nil {
		c.Queries, c.Keys, c.Locality = sentence, sentence, true
	}
	return c, err
}

// gallery is one chart of every kind, from SPRINT's published numbers.
var gallery = []struct {
	name string
	make func() (Chart, error)
}{
	{"fig11-speedup", speedup},
	{"fig9-accuracy", accuracy},
	{"energy-a", energy},
	{"fig5-bits", bits},
	{"fig2-mask", mask},
	{"fig10-traffic", func() (Chart, error) {
		c, err := NewBars("Main memory traffic avoided, against S-Baseline", Against(published.Figure("sprint", "fig10-traffic"), near))
		if err == nil {
			c.YLabel = "traffic avoided (%)"
		}
		return c, err
	}},
	{"energy-share", func() (Chart, error) {
		var base []published.Row
		for _, r := range segments() {
			if r.Series == "Baseline" {
				base = append(base, r)
			}
		}
		c, err := NewPercent("Where the energy of the baseline goes", Shares(Against(base, near), ByWorkload))
		if err == nil {
			c.Names = components
		}
		return c, err
	}},
	{"mask-128", func() (Chart, error) {
		return NewMaskMap("Kept keys", stripes(128, 96), 96, published.Row{System: "sprint", Figure: "mask"})
	}},
	{"heat", func() (Chart, error) {
		var v [][]float64
		for i := range 16 {
			v = append(v, make([]float64, 16))
			for j := range v[i] {
				v[i][j] = math.Exp(-math.Abs(float64(i-j)) / 3)
			}
		}
		v[3][4] = math.NaN()
		c, err := NewHeat("Attention probability", v, published.Row{System: "sprint", Figure: "heat", Metric: "probability"})
		if err == nil {
			c.RowNames, c.Columns, c.ScaleLabel = sentence, sentence, "probability"
		}
		return c, err
	}},
	{"histogram", func() (Chart, error) {
		var a, b []float64
		for i := range 2000 {
			a = append(a, math.Sin(float64(i))+math.Cos(float64(i*i)))
			b = append(b, 1+math.Sin(float64(i*7)))
		}
		c, err := NewHistogram("Scores of kept and pruned keys", published.Row{System: "sprint", Figure: "scores", Metric: "share"}, Sample{"kept", b}, Sample{"pruned", a})
		if err == nil {
			c.XLabel = "score"
		}
		return c, err
	}},
	{"table3", func() (Chart, error) {
		c, err := NewTable("Table III", Against(published.Figure("sprint", "table3"), func(r published.Row) float64 {
			if r.Series == "M-SPRINT" {
				return near(r)
			}
			return math.NaN()
		}))
		if err == nil {
			c.Corner = "metric"
			c.Caption = "LeOPArd's last row does not follow from the others; it stands as printed."
		}
		return c, err
	}},
	{"scatter", func() (Chart, error) {
		c, err := NewScatter("Ours against the paper", Against(published.Figure("sprint", "fig11-speedup"), near))
		if err == nil {
			c.Colour, c.XLabel, c.YLabel = ByConfig, "published speedup (×)", "our speedup (×)"
		}
		return c, err
	}},
	{"scatter-log", func() (Chart, error) {
		return NewScatter("All energy numbers", append(Against(segments(), near), Against(published.Figure("sprint", "energy-a-multiplier"), near)...))
	}},
	{"lines-log", func() (Chart, error) {
		var p []Pair
		for _, n := range []string{"128", "256", "512", "1024", "2048", "4096"} {
			row := published.Row{System: "sprint", Figure: "length", Workload: "dense", Config: "N=" + n, Metric: "time", Unit: "us"}
			x, _ := ConfigNumber(Pair{Row: row})
			p = append(p, Own(row, x*x/1000))
			row.Workload = "SPRINT"
			p = append(p, Own(row, x*x/8000+x/100))
		}
		c, err := NewLines("Time against sequence length", p)
		if err == nil {
			c.LogX, c.LogY, c.XLabel, c.YLabel = true, true, "tokens N", "time (µs)"
		}
		return c, err
	}},
	{"long-names", func() (Chart, error) {
		var p []Pair
		for i := range 14 {
			name := strings.Repeat("Benchmark", 1+i%2) + "-" + strings.Repeat("x", i)
			p = append(p, Own(published.Row{System: "s", Figure: "f", Series: "ours", Workload: name, Metric: "m"}, float64(i)-4))
		}
		c, err := NewBars("Names that do not fit under their bars, and a title that is itself much longer than the page is wide, so that it has to be broken", p)
		if err == nil {
			c.YLabel, c.Labels = "change (points)", true
		}
		return c, err
	}},
}
