package figure

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2/maybe"
	"gonum.org/v1/plot/vg/draw"
)

// Save writes the chart as <name>.svg, <name>.png and <name>.csv into dir, which it makes when needed; a Table is written
// as <name>.md and <name>.html too. Nothing is written unless all of it could be made, each file is replaced in one step,
// and a second run gives the same bytes.
func Save(chart Chart, dir, name string) error {
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return fmt.Errorf("figure: Save: name is %q, must be a file name without folder and extension", name)
	}
	svg, err := SVG(chart)
	if err != nil {
		return fmt.Errorf("figure: %s: %w", name, err)
	}
	png, err := PNG(chart, DPI)
	if err != nil {
		return fmt.Errorf("figure: %s: %w", name, err)
	}
	csv, err := CSV(chart)
	if err != nil {
		return fmt.Errorf("figure: %s: %w", name, err)
	}
	files := []output{{".svg", svg}, {".png", png}, {".csv", csv}}
	if t, ok := chart.(*Table); ok {
		files = append(files, output{".md", []byte(t.Markdown())}, output{".html", []byte(t.HTML())})
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	for _, f := range files {
		if err := maybe.WriteFile(filepath.Join(dir, name+f.extension), f.data, 0o644); err != nil {
			return fmt.Errorf("figure: %w", err)
		}
	}
	return nil
}

type output struct {
	extension string
	data      []byte
}

// render draws the chart on a canvas made for its size.
func render(chart Chart, canvas func(p *Page) draw.Canvas) error {
	if s, ok := chart.(interface{ sizePage() }); ok {
		s.sizePage()
	}
	p := chart.page()
	if p.Width <= 0 || p.Height <= 0 {
		return fmt.Errorf("page is %v by %v points, must be above zero", p.Width, p.Height)
	}
	return chart.Draw(canvas(p))
}
