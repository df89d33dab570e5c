package figure

import (
	"strings"

	"github.com/sparse-attention/workbench/lib/attention"
	"math"
	"os"
	"testing"

	"github.com/sparse-attention/workbench/lib/published"
)

var galleryDir = os.Getenv("GALLERY")

func TestGallery(t *testing.T) {
	dir := galleryDir
	if dir == "" {
		dir = t.TempDir()
	}
	save := func(name string, c Chart, err error) {
		t.Helper()
		if err == nil {
			err = Save(c, dir, name)
		}
		if err != nil {
			t.Error(err)
		}
	}
	wobble := func(r published.Row) float64 {
		return r.Value * (1 + 0.08*math.Sin(float64(len(r.Workload)*7+len(r.Config)*3)+r.Value))
	}
	p := Against(published.Figure("sprint", "fig11-speedup"), wobble)
	b, err := NewBars("Speedup of SPRINT over its own baseline", AppendMean(p, "Geomean", published.Geometric))
	b.Colour = ByConfig
	b.YLabel = "speedup (x)"
	b.Caption = "Each size over the baseline of the same size. The geometric means are printed in the paper, the bars are read from its chart to 0.1."
	save("fig11-speedup", b, err)
	b, err = NewBars("Main memory traffic avoided, against S-Baseline", Against(published.Figure("sprint", "fig10-traffic"), wobble))
	b.YLabel = "traffic reduction (%)"
	save("fig10-traffic", b, err)
	var fig9 []published.Row
	for _, r := range published.Figure("sprint", "fig9-accuracy") {
		if r.Metric == "accuracy" {
			fig9 = append(fig9, r)
		}
	}
	b, err = NewBars("Accuracy of the four modes", Against(fig9, func(r published.Row) float64 { return r.Value - 1 }))
	b.YMin, b.YMax = 70, 100
	b.YLabel = "accuracy (%)"
	b.Labels = true
	save("fig9-accuracy", b, err)

	names := map[string]string{"reram_read_share": "ReRAM read", "reram_write_share": "ReRAM write", "in_reram_share": "in-ReRAM pruning",
		"onchip_read_share": "on-chip read", "onchip_write_share": "on-chip write", "qk_pu_share": "QK-PU", "v_pu_share": "V-PU", "softmax_share": "softmax", "rest_share": "rest"}
	var seg []published.Row
	for _, r := range published.Figure("sprint", "energy-a-breakdown") {
		if r.Metric != "total_share" {
			seg = append(seg, r)
		}
	}
	st, err := NewStack("Energy by component, M", Against(seg, wobble))
	st.Names = names
	st.YLabel = "energy (% of Baseline)"
	st.Top = Against(published.Figure("sprint", "energy-a-multiplier"), wobble)
	save("energy-stack", st, err)
	l, err := NewLines("Accuracy against the bits of the in-memory score", Against(published.Figure("sprint", "fig5-bits"), func(r published.Row) float64 { return r.Value * 0.97 }))
	l.XLabel, l.YLabel = "bits b", "accuracy (%)"
	save("fig5-bits", l, err)
	l, err = NewLines("Published alone", PublishedOnly(published.Figure("sprint", "fig5-bits")))
	l.XLabel, l.YLabel = "bits b", "accuracy (%)"
	l.LogX = true
	save("fig5-published", l, err)
	pc, err := NewPercent("Where SPRINT's energy goes, M", Shares(Against(seg, wobble), ByWorkload))
	for i, d := range pc.Data {
		if d.Series != "Baseline" {
			pc.Data[i].Ours = math.NaN()
			pc.Data[i].Evidence = published.Unverified
		}
	}
	pc.Data = Shares(published_only(pc.Data), ByWorkload)
	pc.Names = names
	save("energy-percent", pc, err)

	t3, err := NewTable("SPRINT's Table III", Against(published.Figure("sprint", "table3"), func(r published.Row) float64 {
		if r.Series == "M-SPRINT" && r.Metric == "throughput" {
			return 1750.123
		}
		return math.NaN()
	}))
	t3.Caption = "The last ratio of LeOPArd does not follow from its other rows (519.3 / 3.469 = 149.7); it stands as printed. And some more words so that the caption wraps around here."
	save("table3", t3, err)
	sc, err := NewScatter("Ours against the paper", Against(published.Figure("sprint", "energy-a-multiplier"), wobble))
	save("scatter", sc, err)
	sc, err = NewScatter("Ours against the paper", Against(published.Figure("sprint", "fig11-speedup"), wobble))
	sc.Colour = ByConfig
	save("scatter2", sc, err)
	var va, vb []float64
	for i := range 2000 {
		va = append(va, math.Sin(float64(i))+math.Cos(float64(i*i)))
		vb = append(vb, 1+math.Sin(float64(i*7)))
	}
	h, err := NewHistogram("Scores", published.Row{System: "sprint", Figure: "scores", Metric: "share"}, Sample{"kept", vb}, Sample{"pruned", va})
	h.XLabel = "score"
	save("histogram", h, err)
	tokens := strings.Fields("The more pictures of him that appear in the news , the more embarrassed John becomes")
	m := attention.NewMask(20, 20)
	for t := range 16 {
		for j := range 16 {
			if (t*t+j*j*3+j*t)%7 < 3 {
				m.Keep(t, j)
			}
		}
	}
	mm, err := NewMaskMap("Kept keys of a CoLA sentence, layer 1", m, 16, published.Row{System: "sprint", Figure: "fig2-mask", Series: "kept", Workload: "CoLA layer 1"})
	mm.Queries, mm.Keys, mm.Locality = tokens, tokens, true
	save("mask", mm, err)
	m = attention.NewMask(128, 128)
	for t := range 96 {
		for j := range 96 {
			if (t*t+j*j*3+j*t)%11 < 3 {
				m.Keep(t, j)
			}
		}
	}
	mm2, err := NewMaskMap("Kept keys", m, 96, published.Row{System: "sprint", Figure: "mask", Series: "kept", Workload: "x"})
	save("mask128", mm2, err)
	var hv [][]float64
	for i := range 16 {
		var r []float64
		for j := range 16 {
			r = append(r, math.Exp(-math.Abs(float64(i-j))/3))
		}
		hv = append(hv, r)
	}
	ht, err := NewHeat("Attention probability", hv, published.Row{System: "sprint", Figure: "heat", Metric: "p"})
	ht.RowNames, ht.Columns, ht.ScaleLabel = tokens, tokens, "probability"
	save("heat", ht, err)
	ppl, err := NewBars("Perplexity", Against(published.Select(published.Figure("sprint", "fig9-accuracy"), func(r published.Row) bool { return r.Metric == "perplexity" }), wobble))
	ppl.YMin, ppl.YMax, ppl.YLabel = 10, 25, "perplexity"
	pa, err := NewPanels("Accuracy and perplexity of the four modes", b, ppl)
	pa.Shared = true
	pa.Shares = []float64{3, 1}
	b.Title = "Accuracy"
	save("panels", pa, err)
	var full []Pair
	for _, w := range keys(p, ByWorkload) {
		for k, ser := range []string{"Baseline", "Pruning", "SPRINT"} {
			for q, met := range []string{"reram_read_share", "reram_write_share", "in_reram_share", "onchip_read_share", "onchip_write_share", "qk_pu_share", "v_pu_share", "softmax_share"} {
				row, err := published.Find("sprint", "energy-a-breakdown", ser, w, "M", met)
				x := []float64{45, 4, 1, 20, 10, 8, 8, 4}[q] / []float64{1, 1.9, 15}[k]
				if err != nil {
					full = append(full, Own(published.Row{System: "sprint", Figure: "energy-a-breakdown", Series: ser, Workload: w, Config: "M", Metric: met}, x))
				} else {
					full = append(full, Pair{row, x})
				}
			}
		}
	}
	sf, err := NewStack("Energy by component, M-SPRINT", full)
	sf.Names, sf.Top = names, st.Top
	sf.YLabel = "energy (% of Baseline)"
	save("energy-full", sf, err)
}

func published_only(p []Pair) []Pair {
	var out []Pair
	for _, x := range p {
		if x.HasOurs() {
			out = append(out, x)
		}
	}
	return out
}
