package ownstudy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sparse-attention/workbench/lib/trace"
)

// Export writes what the machines need to folder, for programs of the user's own: traces.parquet, the heads of the first test
// examples with their thresholds (package trace reads them), and thresholds.json. The weights lie in the folder that Open was
// given. It returns the paths.
func (o *Own) Export(ctx context.Context, folder string, examples int) ([]string, error) {
	keep, err := thresholds(ctx, o, 0)
	if err != nil {
		return nil, err
	}
	heads, err := o.heads(ctx, o.Pruned, o.Sample(examples), 8, keep)
	if err != nil {
		return nil, err
	}
	var records []trace.Record
	for _, c := range heads {
		records = append(records, trace.Record{Workload: o.Recipe.Name, Task: o.Recipe.Task, Sample: c.Site.Example, Layer: c.Site.Layer,
			HeadIndex: c.Site.Head, Threshold: o.Thresholds.Layers[c.Site.Layer], Head: *c.Head})
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("ownstudy: %w", err)
	}
	traces, learned := filepath.Join(folder, "traces.parquet"), filepath.Join(folder, "thresholds.json")
	if err := trace.Write(traces, records); err != nil {
		return nil, err
	}
	if err := o.Thresholds.Save(learned); err != nil {
		return nil, fmt.Errorf("ownstudy: %w", err)
	}
	return []string{traces, learned}, nil
}
