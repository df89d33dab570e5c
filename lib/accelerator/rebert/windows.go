package rebert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/google/renameio/v2/maybe"

	"github.com/sparse-attention/workbench/lib/legal"
)

// Origin says where windows come from. Fitted ones were chosen to meet published speedups, which are no targets any more.
type Origin string

const (
	Searched   Origin = "searched"   // by the greedy search on a trained model
	Exhaustive Origin = "exhaustive" // by trying all combinations
	Extended   Origin = "extended"   // from a shallower model, by Extend
	Fitted     Origin = "fitted"     // to a published speedup
	Assumed    Origin = "assumed"    // for illustration
)

var origins = []Origin{Searched, Exhaustive, Extended, Fitted, Assumed}

// Windows is the file that a window search leaves and the machine reads.
type Windows struct {
	Task   string `json:"task"`
	Model  string `json:"model"`
	Origin Origin `json:"origin"`
	Tokens int    `json:"tokens"`       // longest sentence that the search saw
	Half   []int  `json:"half_windows"` // of each layer, 0..Tokens-1

	Metric      string  `json:"metric,omitempty"`        // of Before and After, higher is better
	Budget      float64 `json:"budget_points,omitempty"` // loss that the search allowed, at least 0
	Before      float64 `json:"before,omitempty"`        // with full attention
	After       float64 `json:"after,omitempty"`         // with these windows
	Seed        int64   `json:"seed,omitempty"`
	Evaluations int     `json:"evaluations,omitempty"` // models that the search measured
	Note        string  `json:"note,omitempty"`
}

// ReadWindows reads and validates a window file.
func ReadWindows(path string) (Windows, error) {
	f, err := os.Open(path)
	if err != nil {
		return Windows{}, fmt.Errorf("rebert: %w", err)
	}
	defer f.Close()
	return ParseWindows(path, f)
}

// ParseWindows is ReadWindows for an open file; errors name it as file, with the line.
func ParseWindows(file string, r io.Reader) (Windows, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Windows{}, fmt.Errorf("rebert: %s: %w", file, err)
	}
	if len(data) > maxFile {
		return Windows{}, fmt.Errorf("rebert: %s is longer than %d bytes, must be a window file", file, maxFile)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var w Windows
	if err := d.Decode(&w); err != nil {
		at := d.InputOffset()
		var wrong *json.UnmarshalTypeError
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &wrong):
			at, err = wrong.Offset, fmt.Errorf("%s is a %s, must be %v", wrong.Field, wrong.Value, wrong.Type)
		case errors.As(err, &syntax):
			at = syntax.Offset
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			at, err = int64(len(data)), errors.New("ends within the value, must be one JSON object")
		}
		line := 1 + bytes.Count(data[:min(int(at), len(data))], []byte("\n"))
		return Windows{}, fmt.Errorf("rebert: %s:%d: %w", file, line, err)
	}
	if rest := bytes.TrimSpace(data[d.InputOffset():]); len(rest) > 0 {
		line := 1 + bytes.Count(data[:d.InputOffset()], []byte("\n"))
		return Windows{}, fmt.Errorf("rebert: %s:%d: text after the value, must be one JSON object", file, line)
	}
	if err := w.check(fmt.Sprintf("rebert: %s: Windows", file)); err != nil {
		return Windows{}, err
	}
	return w, nil
}

const maxFile = 1 << 20 // bytes of a window file

// Validate reports the first field that no search can have left.
func (w Windows) Validate() error { return w.check("rebert: Windows") }

func (w Windows) check(owner string) error {
	bad := legal.Complaint(owner)
	switch {
	case !slices.Contains(origins, w.Origin):
		return bad("origin", fmt.Sprintf("%q", w.Origin), "one of %q", origins)
	case w.Tokens < 1 || w.Tokens > maxWords:
		return bad("tokens", w.Tokens, "in 1..%d", maxWords)
	case len(w.Half) < 1 || len(w.Half) > maxLayers:
		return bad("half_windows", fmt.Sprintf("for %d layers", len(w.Half)), "for 1..%d", maxLayers)
	case !(w.Budget >= 0) || math.IsInf(w.Budget, 0):
		return bad("budget_points", w.Budget, "at least 0 and finite")
	case w.Evaluations < 0:
		return bad("evaluations", w.Evaluations, "at least 0")
	}
	for l, half := range w.Half {
		if half < 0 || half >= w.Tokens {
			return bad(fmt.Sprintf("half_windows[%d]", l), half, "in 0..%d (tokens-1)", w.Tokens-1)
		}
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"before", w.Before}, {"after", w.After}} {
		if math.IsNaN(f.value) || math.IsInf(f.value, 0) {
			return bad(f.name, f.value, "finite")
		}
	}
	return nil
}

// WriteFile writes the windows as JSON, replacing the file in one step.
func (w Windows) WriteFile(path string) error {
	if err := w.Validate(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return fmt.Errorf("rebert: %s: %w", path, err)
	}
	if err := maybe.WriteFile(path, append(data, '\n'), 0o644); err != nil { // writes beside, then renames
		return fmt.Errorf("rebert: %w", err)
	}
	return nil
}

// On is a sentence of tokens words on the model under these windows, which must be as many as it has layers and fit into the
// sentence.
func (w Windows) On(m Model, tokens int) (Workload, error) {
	if err := w.Validate(); err != nil {
		return Workload{}, err
	}
	work := Workload{Name: w.Task, Model: m, Tokens: tokens, Windows: slices.Clone(w.Half)}
	return work, work.Validate()
}

// Mean is the mean half-window.
func (w Windows) Mean() float64 {
	sum := 0
	for _, half := range w.Half {
		sum += half
	}
	return float64(sum) / float64(len(w.Half))
}

// Extend gives the windows to a model of another depth and to sentences of another length. The rule: a layer takes the window
// of the searched layer at the same relative depth, and a window keeps its width in words unless the sentence is shorter.
func (w Windows) Extend(m Model, tokens int) (Windows, error) {
	if err := w.Validate(); err != nil {
		return Windows{}, err
	}
	if err := m.Validate(); err != nil {
		return Windows{}, err
	}
	if tokens < 1 || tokens > maxWords {
		return Windows{}, fmt.Errorf("rebert: tokens is %d, must be in 1..%d", tokens, maxWords)
	}
	e := w
	e.Half = make([]int, m.Layers)
	for l := range e.Half {
		e.Half[l] = min(w.Half[(2*l+1)*len(w.Half)/(2*m.Layers)], tokens-1)
	}
	e.Model, e.Tokens = m.Name, tokens
	if w.Origin == Searched || w.Origin == Exhaustive {
		e.Origin = Extended
	}
	e.Note = fmt.Sprintf("from %d layers of %s by relative depth", len(w.Half), w.Model)
	e.Metric, e.Before, e.After = "", 0, 0 // measured on the other model
	return e, nil
}
