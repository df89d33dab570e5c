package cascadestudy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/experiment"
)

// weights is the hash of the checkpoint's file.
func (c *Cascaded) weights(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, c.Recipe.Name(), modelFile))
	if err != nil {
		return "", fmt.Errorf("cascadestudy: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:16], nil
}

// Again runs the goal once more on n held-out examples of every recipe whose data and weights are here, and tells how many answers
// are those that were measured after training. Another backend rounds differently, so that a close answer may turn.
func Again(ctx context.Context, backend compute.Backend, where Where, n int) (headings []string, rows [][]string, err error) {
	headings = []string{"model", "examples run again", "same answer as measured", "right now", "right then"}
	for _, r := range Recipes() {
		m, err := r.ReadMeasured(where.Root)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		c, err := r.Load(where)
		switch {
		case errors.Is(err, datasets.ErrNoData):
			rows = append(rows, []string{r.Title, "none: " + err.Error()})
			continue
		case errors.Is(err, os.ErrNotExist):
			rows = append(rows, []string{r.Title, "none: its weights were not kept, train makes them"})
			continue
		case err != nil:
			return nil, nil, err
		}
		row, err := c.Repeat(ctx, backend, where.Root, m, n)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	return headings, rows, nil
}

// Repeat is one row of Again.
func (c *Cascaded) Repeat(ctx context.Context, backend compute.Backend, root string, m *Measured, n int) ([]string, error) {
	switch hash, err := c.weights(root); {
	case err != nil:
		return nil, err
	case hash != m.Model:
		return nil, fmt.Errorf("cascadestudy: %s was measured with weights %s, its file holds %s: measure it again", c.Recipe.Name(), m.Model, hash)
	case m.Held != len(c.Held):
		return []string{c.Recipe.Title, fmt.Sprintf("none: %d held-out examples here, measured on %d", len(c.Held), m.Held)}, nil
	}
	examples := datasets.Spread(c.Held, c.Recipe.Goal)
	then, err := unpack(m.Answer, len(examples))
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, c.Recipe.Name())
	}
	goal, _, err := Goal(c.Model.Spec.Layers)
	if err != nil {
		return nil, err
	}
	goal.FirstOnly = true
	n = min(n, len(examples))
	score, err := experiment.Cascading(ctx, backend, c.Model, examples[:n], goal, nil)
	if err != nil {
		return nil, err
	}
	same, right := 0, 0
	for i, now := range score.Right {
		if now == then[i] {
			same++
		}
		if then[i] {
			right++
		}
	}
	return []string{c.Recipe.Title, fmt.Sprint(n), fmt.Sprint(same), fmt.Sprint(score.Correct), fmt.Sprint(right)}, nil
}
