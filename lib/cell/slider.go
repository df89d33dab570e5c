package cell

import (
	"fmt"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/widgets"
	"github.com/sparse-attention/workbench/lib/figure"
)

// Slider is a parameter that a reader can move to see a chart change. A widget waits for ever when nobody listens, so it is
// used only when Interactive says that somebody does; else its still twin shows the charts of a few values.
type Slider struct {
	Label           string
	Min, Max, Value int   // positions; a chart may scale them
	Still           []int // values of the still twin; nil: Min, Value, Max
}

// Validate names the field that is wrong.
func (s Slider) Validate() error {
	switch {
	case s.Min >= s.Max:
		return fmt.Errorf("cell: Slider.Min is %d, must be below Max %d", s.Min, s.Max)
	case s.Value < s.Min || s.Value > s.Max:
		return fmt.Errorf("cell: Slider.Value is %d, must be in %d..%d", s.Value, s.Min, s.Max)
	}
	for i, v := range s.Still {
		if v < s.Min || v > s.Max {
			return fmt.Errorf("cell: Slider.Still[%d] is %d, must be in %d..%d", i, v, s.Min, s.Max)
		}
	}
	return nil
}

// Show draws the chart for each value that the reader chooses until the cell is interrupted, or for the still values.
func (s Slider) Show(draw func(value int) (figure.Chart, error)) {
	Check(s.Validate())
	if !gonbui.IsNotebook || !Interactive() {
		for _, v := range s.still() {
			chart, err := draw(v)
			Check(err)
			Markdown(fmt.Sprintf("%s = %d", s.Label, v))
			Show(chart)
		}
		return
	}
	id := "slider_" + gonbui.UniqueId()
	update := func(v int) {
		chart, err := draw(v)
		Check(err)
		svg, err := figure.SVG(chart)
		Check(err)
		gonbui.UpdateHTML(id, fmt.Sprintf("<p>%s = %d</p>\n<div>%s</div>", s.Label, v, svg))
	}
	update(s.Value)
	moves := widgets.Slider(s.Min, s.Max, s.Value).Done().Listen()
	for v := range moves.C {
		update(v)
	}
}

func (s Slider) still() []int {
	if s.Still != nil {
		return s.Still
	}
	values := []int{s.Min}
	if s.Value != s.Min && s.Value != s.Max {
		values = append(values, s.Value)
	}
	return append(values, s.Max)
}
