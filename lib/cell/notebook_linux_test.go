package cell

import (
	"encoding/gob"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
	"github.com/sparse-attention/workbench/lib/figure"
	"github.com/sparse-attention/workbench/lib/published"
)

// kernelStub stands in for GoNB: it reads what the cell displays from one named pipe and acknowledges Sync on another.
type kernelStub struct {
	mu    sync.Mutex
	shown []protocol.DisplayData
}

func (k *kernelStub) serve(to, back string) error {
	in, err := os.OpenFile(to, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(back, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	read, write := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var d protocol.DisplayData
		if err := read.Decode(&d); err != nil {
			return err
		}
		if v, ok := d.Data[protocol.MIMECommValue]; ok {
			var id any
			switch c := v.(type) {
			case *protocol.CommValue:
				id = c.Value
			case protocol.CommValue:
				id = c.Value
			}
			if err := write.Encode(&protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: id}); err != nil {
				return err
			}
			continue
		}
		k.mu.Lock()
		k.shown = append(k.shown, d)
		k.mu.Unlock()
	}
}

// take returns what was shown since the last call.
func (k *kernelStub) take() []protocol.DisplayData {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.shown
	k.shown = nil
	return s
}

// What a cell shows has arrived when the call returns, in the forms that a notebook's viewers know, and the same twice.
func TestInNotebook(t *testing.T) {
	dir, err := os.MkdirTemp("", "cell") // outlives the test: the pipes stay open until the process ends
	if err != nil {
		t.Fatal(err)
	}
	to, back := filepath.Join(dir, "to"), filepath.Join(dir, "back")
	for _, p := range []string{to, back} {
		if err := syscall.Mkfifo(p, 0o600); err != nil {
			t.Skipf("named pipes: %v", err)
		}
	}
	t.Setenv(protocol.GONB_PIPE_ENV, to)
	t.Setenv(protocol.GONB_PIPE_BACK_ENV, back)
	t.Setenv("WORKBENCH_OUT", t.TempDir())
	gonbui.IsNotebook = true
	defer func() { gonbui.IsNotebook = false; os.RemoveAll(dir) }()
	k := &kernelStub{}
	go k.serve(to, back)

	chart := geomeans(t)
	Show(chart)
	first := k.take()
	Publish("sprint", "fig11", chart)
	second := k.take()
	if len(first) != 1 || len(second) != 1 {
		t.Fatalf("Show displays %d outputs and Publish %d, want one each", len(first), len(second))
	}
	svg, _ := first[0].Data[protocol.MIMEImageSVG].(string)
	png, _ := first[0].Data[protocol.MIMEImagePNG].([]byte)
	if !strings.HasPrefix(svg, "<?xml") || len(png) < 1000 || first[0].Data[protocol.MIMETextPlain] != "figure of 3 numbers" {
		t.Errorf("Show displays %d bytes of SVG, %d of PNG, %v", len(svg), len(png), first[0].Data[protocol.MIMETextPlain])
	}
	if again, _ := second[0].Data[protocol.MIMEImageSVG].(string); again != svg {
		t.Error("the same figure is displayed in another way the second time")
	}

	row, err := published.Find("sprint", "fig11-speedup", "SPRINT", "Geomean", "M", "speedup")
	if err != nil {
		t.Fatal(err)
	}
	Verdicts("sprint", []published.Verdict{published.Judge(row, 7.2, published.Tight)})
	if v := k.take(); len(v) != 2 || !strings.Contains(v[0].Data[protocol.MIMETextHTML].(string), "#cdeadf") || v[1].Data[protocol.MIMETextMarkdown] != "1 pass, 0 fail, 0 n/a" {
		t.Errorf("Verdicts displays %v", v)
	}

	start := time.Now()
	run(Progress())
	p := k.take()
	if len(p) < 2 {
		t.Fatalf("Progress displays %d updates in %v", len(p), time.Since(start))
	}
	for _, u := range p {
		if u.DisplayID == "" || u.DisplayID != p[0].DisplayID {
			t.Errorf("update goes to block %q, not %q", u.DisplayID, p[0].DisplayID)
		}
	}
	if last := p[len(p)-1].Data[protocol.MIMETextHTML]; last != "<pre>fine-tune: epoch 2 of 2, dev accuracy 90.0 %, 25.0 % of the scores kept</pre>" {
		t.Errorf("the block ends as %v", last)
	}

	Slider{Label: "n", Min: 1, Max: 2, Value: 1}.Show(func(int) (figure.Chart, error) { return chart, nil })
	if s := k.take(); len(s) != 4 {
		t.Errorf("the still twin of a slider displays %d outputs, want two titles and two charts", len(s))
	}
}
