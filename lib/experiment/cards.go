package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Cards tabulates how the models were trained and what they reached on their dev split.
func Cards(models []Model) (headings []string, rows [][]string) {
	headings = []string{"model", "data", "training examples", "shape", "parameters", "dense", "with thresholds", "kept, by layer", "thresholds"}
	for _, m := range models {
		c, s := m.Card, m.Dense.Spec
		dense := fmt.Sprintf("%.1f %%", 100*c.DenseAccuracy)
		if c.RootOnlyDev > 0 {
			dense += fmt.Sprintf(" (root operator alone %.1f %%)", 100*c.RootOnlyDev)
		}
		var kept, thresholds []string
		for l := range c.Kept {
			kept = append(kept, fmt.Sprintf("%.0f %%", 100*c.Kept[l]))
			thresholds = append(thresholds, fmt.Sprintf("%.2f", m.Thresholds.Layers[l]))
		}
		rows = append(rows, []string{m.Title(), c.Task, fmt.Sprint(c.Train), fmt.Sprintf("L %d, H %d, A %d, N %d", s.Layers, s.Hidden, s.Heads, s.Tokens),
			fmt.Sprint(c.ModelParameters), dense, fmt.Sprintf("%.1f %%", 100*c.PrunedAccuracy), strings.Join(kept, ", "), strings.Join(thresholds, ", ")})
	}
	return headings, rows
}

// DataHash is one hash over the examples that the models are judged on and were trained on, for a figure's provenance.
func DataHash(models []Model) string {
	h := sha256.New()
	for _, m := range models {
		fmt.Fprintln(h, m.Recipe.Name, m.Data.Hash(), m.Card.DataHash)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
