package cell

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/sparse-attention/workbench/lib/figure"
)

// screenDPI is the resolution of the picture that stands in where a notebook's SVG is not shown.
const screenDPI = 96

// Show puts a chart into the notebook as SVG, with a PNG for viewers that do not show SVG. Elsewhere it prints its numbers.
func Show(c figure.Chart) {
	if !gonbui.IsNotebook {
		text, err := figure.CSV(c)
		Check(err)
		fmt.Fprint(stdout(), withoutComments(string(text)))
		return
	}
	svg, err := figure.SVG(c)
	Check(err)
	png, err := figure.PNG(c, screenDPI)
	Check(err)
	send(map[protocol.MIMEType]any{
		protocol.MIMEImageSVG:  string(svg),
		protocol.MIMEImagePNG:  png,
		protocol.MIMETextPlain: fmt.Sprintf("figure of %d numbers", len(c.Pairs())),
	})
}

// Publish saves a chart as name in the folder of a paper's figures and shows it. Outside a notebook it prints where the
// files are.
func Publish(paper, name string, c figure.Chart) {
	Check(figure.Save(c, Out(paper), name))
	if gonbui.IsNotebook {
		Show(c)
		return
	}
	path := Out(paper, name)
	if relative, err := filepath.Rel(Root(), path); err == nil && filepath.IsLocal(relative) {
		path = relative
	}
	fmt.Fprintf(stdout(), "%s.svg .png .csv\n", filepath.ToSlash(path))
}

// Markdown shows a text, formatted in a notebook and plain elsewhere.
func Markdown(text string) {
	if !gonbui.IsNotebook {
		fmt.Fprintln(stdout(), text)
		return
	}
	send(map[protocol.MIMEType]any{protocol.MIMETextMarkdown: text, protocol.MIMETextPlain: text})
}

// send displays one output and waits until the kernel has it.
func send(data map[protocol.MIMEType]any) {
	gonbui.SendData(&protocol.DisplayData{Data: data})
	gonbui.Sync()
	Check(gonbui.Error())
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}
