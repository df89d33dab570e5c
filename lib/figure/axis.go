package figure

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// niceTicks marks a linear axis at four to eight round values, with as many decimals as they need.
type niceTicks struct{}

// Ticks implements gonum's Ticker.
func (niceTicks) Ticks(low, high float64) []plot.Tick {
	step := roundStep((high - low) / 6)
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	if f := step * math.Pow(10, float64(decimals)); math.Abs(f-math.Round(f)) > 1e-6 {
		decimals++
	}
	var ticks []plot.Tick
	for k := math.Ceil(low/step - 1e-9); k*step <= high+step*1e-9; k++ {
		v := k*step + 0 // + 0 turns -0 into 0
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', decimals, 64)})
	}
	return ticks
}

// noTicks marks nothing: the chart writes its own names.
type noTicks struct{}

// Ticks implements gonum's Ticker.
func (noTicks) Ticks(low, high float64) []plot.Tick { return nil }

// roundStep is 1, 2, 2.5 or 5 times a power of ten, near v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 2.5, 5} {
		if v <= f*power*1.35 {
			return f * power
		}
	}
	return 10 * power
}

// logTicks marks a logarithmic axis: decades, and 2 and 5 between them when there are few decades.
type logTicks struct{}

// Ticks implements gonum's Ticker.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	decades := math.Log10(high / low)
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low) + 1e-9); math.Pow(10, e) <= high*1.0001; e++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow(10, e)
			if v < low*0.9999 || v > high*1.0001 {
				continue
			}
			label := ""
			switch {
			case m == 1, decades < 3 && (m == 2 || m == 5), decades < 0.8:
				label = strconv.FormatFloat(v, 'g', 6, 64)
			}
			ticks = append(ticks, plot.Tick{Value: v, Label: label})
		}
	}
	return ticks
}

// logarithmic makes an axis logarithmic over [low, high], a little widened.
func logarithmic(a *plot.Axis, low, high float64) {
	a.Scale = plot.LogScale{}
	a.Tick.Marker = logTicks{}
	a.Min, a.Max = low/1.15, high*1.15
}

// quietTicks keeps a distance between the axis and its names, with ticks that cannot be seen.
func quietTicks(a *plot.Axis, distance vg.Length) {
	a.Tick.Length = distance
	a.Tick.LineStyle = stroke(color.Transparent, 0.01)
}

// nominal names the places 0, 1, ... of the x axis. Names that do not fit into a slot are broken into lines, or else all of
// them are slanted, so that none is cut off or meets its neighbour.
func nominal(g *plot.Plot, names []string, width vg.Length) {
	g.X.Min, g.X.Max = -0.5, float64(len(names))-0.5
	quietTicks(&g.X, 3)
	s := g.X.Tick.Label
	slot := width / vg.Length(len(names)) * 0.94
	ticks := make([]plot.Tick, len(names))
	fits := true
	for i, n := range names {
		label, ok := breakLabel(s, n, slot)
		ticks[i] = plot.Tick{Value: float64(i), Label: label}
		fits = fits && ok
	}
	if !fits {
		for i, n := range names {
			ticks[i].Label = n
		}
		g.X.Tick.Label.Rotation = math.Pi / 5
		g.X.Tick.Label.XAlign, g.X.Tick.Label.YAlign = draw.XRight, draw.YTop
		quietTicks(&g.X, 5)
	}
	g.X.Tick.Marker = plot.ConstantTicks(ticks)
}
