package runner

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// Reporter is told how the notebooks get on, from several goroutines.
type Reporter interface {
	Start(notebook string, cells int)
	Cell(notebook string, done int, took time.Duration)
	Text(notebook, line string) // the last line that the running cell printed
	End(notebook string, took time.Duration, err error)
}

// Progress is a Reporter that keeps one live line on a terminal, and writes a plain line for each cell elsewhere.
type Progress struct {
	out   io.Writer
	width func() int // of the terminal; nil = none

	mu      sync.Mutex
	running []*state
	stop    chan struct{}
	ended   chan struct{}
}

type state struct {
	name        string
	done, cells int
	began       time.Time
	text        string
}

// NewProgress reports on w.
func NewProgress(w io.Writer) *Progress {
	p := &Progress{out: w, stop: make(chan struct{}), ended: make(chan struct{})}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.width = func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil {
				return w
			}
			return 80
		}
	}
	go p.tick()
	return p
}

// Close takes the live line away.
func (p *Progress) Close() {
	close(p.stop)
	<-p.ended
}

func (p *Progress) tick() {
	defer close(p.ended)
	t := time.NewTicker(250 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		case <-p.stop:
			p.mu.Lock()
			p.erase()
			p.running = nil
			p.mu.Unlock()
			return
		}
	}
}

// Say writes a line of its own.
func (p *Progress) Say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.print(line)
}

// Start implements Reporter.
func (p *Progress) Start(notebook string, cells int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, &state{name: notebook, cells: cells, began: time.Now()})
}

// Cell implements Reporter.
func (p *Progress) Cell(notebook string, done int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.find(notebook); s != nil {
		s.done, s.text = done, ""
		if p.width == nil {
			p.print(fmt.Sprintf("%s  %d/%d  %s", notebook, done, s.cells, seconds(took)))
		}
	}
}

// Text implements Reporter.
func (p *Progress) Text(notebook, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.find(notebook); s != nil && line != "" {
		s.text = line
	}
}

// End implements Reporter.
func (p *Progress) End(notebook string, took time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	word := "done"
	if err != nil {
		word = "FAILED"
	}
	p.running = slices.DeleteFunc(p.running, func(s *state) bool { return s.name == notebook })
	p.print(fmt.Sprintf("%s  %s  %s", notebook, word, seconds(took)))
}

func (p *Progress) find(notebook string) *state {
	i := slices.IndexFunc(p.running, func(s *state) bool { return s.name == notebook })
	if i < 0 {
		return nil
	}
	return p.running[i]
}

func (p *Progress) print(line string) {
	p.erase()
	fmt.Fprintln(p.out, line)
	p.draw()
}

func (p *Progress) erase() {
	if p.width != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func (p *Progress) draw() {
	if p.width == nil || len(p.running) == 0 {
		return
	}
	var parts []string
	for _, s := range p.running {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s %d/%d %s %s",
			s.name, bar(s.done, s.cells), s.done, s.cells, seconds(time.Since(s.began)), s.text)))
	}
	line := strings.Join(parts, " | ")
	if limit := p.width() - 1; utf8.RuneCountInString(line) > limit {
		line = string([]rune(line)[:max(limit, 0)])
	}
	fmt.Fprint(p.out, "\r\x1b[K"+strings.Map(printable, line))
}

// printable keeps a cell's text from moving the cursor.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

const barWidth = 16

func bar(done, of int) string {
	filled := barWidth
	if of > 0 {
		filled = barWidth * done / of
	}
	return "[" + strings.Repeat("#", filled) + strings.Repeat("-", barWidth-filled) + "]"
}

func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
