package runner

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestPlainLinesWithoutATerminal(t *testing.T) {
	var b bytes.Buffer
	p := NewProgress(&b)
	p.Say("backend go")
	p.Start("03-sprint", 2)
	p.Text("03-sprint", "loss 0.5")
	p.Cell("03-sprint", 1, 1234*time.Millisecond)
	p.End("03-sprint", 75*time.Second, errors.New("x"))
	p.Cell("03-sprint", 2, time.Second) // a straggler of a notebook that is done
	p.Close()
	const want = "backend go\n03-sprint  1/2  1.2s\n03-sprint  FAILED  1m15s\n"
	if b.String() != want {
		t.Errorf("%q, must be %q", b.String(), want)
	}
}

func TestTheLiveLineFitsTheTerminal(t *testing.T) {
	var b bytes.Buffer
	const width = 60
	p := &Progress{out: &b, width: func() int { return width }}
	p.Start("a", 4)
	p.Start("b", 0)
	p.Cell("a", 2, 0)
	p.Text("a", "epoch 3\x1b[2J "+strings.Repeat("x", 100))
	p.draw()
	shown := strings.TrimPrefix(b.String(), "\r\x1b[K")
	if len(shown) >= width || strings.ContainsRune(shown, '\x1b') {
		t.Errorf("line %q of %d letters, must be under %d and plain", shown, len(shown), width)
	}
	for _, want := range []string{"a [########--------] 2/4", "epoch 3"} {
		if !strings.Contains(shown, want) {
			t.Errorf("line %q lacks %q", shown, want)
		}
	}
	b.Reset()
	p.End("a", time.Second, nil)
	if !strings.HasPrefix(b.String(), "\r\x1b[Ka  done  1s\n") || !strings.Contains(b.String(), "b [################] 0/0") {
		t.Errorf("%q", b.String())
	}
}
