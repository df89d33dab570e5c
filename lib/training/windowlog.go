package training

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// TunedWindows is a WindowModel whose held weights can be saved: what a WindowLog needs to go on.
type TunedWindows interface {
	WindowModel
	Save(path string) error
	Restore(path string) error
}

// WindowLog is a WindowModel that writes every candidate and its score to a folder as it is measured. A search that was
// interrupted runs again from its start, takes the scores that are there from the log, and goes on with the weights that were
// held when it ended. The log also spares candidates that come up twice.
type WindowLog struct {
	TunedWindows
	folder string
	file   *os.File

	known map[string]windowEntry
	kept  int    // times that Keep was called
	held  int    // the Keep whose weights the model holds
	last  string // key of the last Try, and
	fresh bool   // whether the model itself made it
	Saved int    // candidates that came from the log

	Seconds float64 // that all candidates took to measure, those of earlier calls included
}

// windowEntry is a line of the log: a candidate measured after so many Keeps, or the Keep of one.
type windowEntry struct {
	Search string  `json:"search,omitempty"` // first line: which search this is
	After  int     `json:"after"`
	Half   []int   `json:"half,omitempty"`
	Score  float64 `json:"score"`
	Kept   bool    `json:"kept,omitempty"`

	Seconds float64 `json:"seconds,omitempty"` // that it took to measure
}

func (e windowEntry) key() string { return fmt.Sprint(e.After, e.Half, e.Kept) }

const windowLogFile = "candidates.jsonl"

// OpenWindowLog opens or begins the log of a search in a folder. The name tells one search from another (model, data, options): a
// folder that holds the log of another one is refused.
func OpenWindowLog(folder, search string, m TunedWindows) (*WindowLog, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	l := &WindowLog{TunedWindows: m, folder: folder, known: map[string]windowEntry{}}
	path := filepath.Join(folder, windowLogFile)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("training: %w", err)
	}
	whole := 0 // bytes of whole lines: the last one may have been cut off
	for n := 1; ; n++ {
		end := bytes.IndexByte(text[whole:], '\n')
		if end < 0 {
			break
		}
		var e windowEntry
		if err := json.Unmarshal(text[whole:whole+end], &e); err != nil {
			return nil, fmt.Errorf("training: %s:%d: %w", path, n, err)
		}
		whole += end + 1
		if n == 1 {
			if e.Search != search {
				return nil, fmt.Errorf("training: %s %w (%s, not %s); move it away to start anew", path, errOtherRun, e.Search, search)
			}
			continue
		}
		l.known[e.key()] = e
		l.Seconds += e.Seconds
	}
	if l.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	if err := errors.Join(l.file.Truncate(int64(whole)), seekEnd(l.file)); err != nil {
		return nil, fmt.Errorf("training: %s: %w", path, err)
	}
	if whole == 0 {
		return l, l.write(windowEntry{Search: search})
	}
	return l, nil
}

func seekEnd(f *os.File) error {
	_, err := f.Seek(0, 2)
	return err
}

// Close ends the log.
func (l *WindowLog) Close() error { return l.file.Close() }

func (l *WindowLog) write(e windowEntry) error {
	w := bufio.NewWriter(l.file)
	if err := errors.Join(json.NewEncoder(w).Encode(e), w.Flush()); err != nil {
		return fmt.Errorf("training: %s: %w", l.file.Name(), err)
	}
	return nil
}

// Try implements WindowModel.
func (l *WindowLog) Try(ctx context.Context, half []int, floor float64) (float64, error) {
	e := windowEntry{After: l.kept, Half: slices.Clone(half)}
	l.last = e.key()
	if known, ok := l.known[l.last]; ok {
		l.Saved++
		l.fresh = false
		return known.Score, nil
	}
	return l.try(ctx, e, floor)
}

func (l *WindowLog) try(ctx context.Context, e windowEntry, floor float64) (float64, error) {
	if err := l.catchUp(); err != nil {
		return 0, err
	}
	began := time.Now()
	score, err := l.TunedWindows.Try(ctx, e.Half, floor)
	if err != nil {
		return 0, err
	}
	e.Score, e.Seconds = score, time.Since(began).Seconds()
	l.Seconds += e.Seconds
	l.known[e.key()], l.fresh = e, true
	return score, l.write(e)
}

// Keep implements WindowModel.
func (l *WindowLog) Keep() error {
	e := l.known[l.last]
	kept := windowEntry{After: l.kept, Half: e.Half, Kept: true}
	if _, ok := l.known[kept.key()]; ok {
		l.kept++
		return nil
	}
	if !l.fresh { // it ended between the measurement and the keeping
		if _, err := l.try(context.Background(), windowEntry{After: l.kept, Half: e.Half}, e.Score); err != nil {
			return err
		}
	}
	if err := l.TunedWindows.Keep(); err != nil {
		return err
	}
	l.kept++
	if err := l.Save(l.weights(l.kept)); err != nil {
		return err
	}
	if err := l.write(kept); err != nil {
		return err
	}
	if l.held > 0 {
		os.Remove(l.weights(l.held)) // only the newest is ever needed
	}
	l.held, l.known[kept.key()] = l.kept, kept
	return nil
}

// CatchUp gives the model the weights that the log says are held; call it when the search has ended.
func (l *WindowLog) CatchUp() error { return l.catchUp() }

func (l *WindowLog) catchUp() error {
	if l.held == l.kept {
		return nil
	}
	if err := l.Restore(l.weights(l.kept)); err != nil {
		return err
	}
	l.held = l.kept
	return nil
}

func (l *WindowLog) weights(n int) string {
	return filepath.Join(l.folder, fmt.Sprintf("held-%d.safetensors", n))
}
