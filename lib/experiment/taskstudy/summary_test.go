package taskstudy

import (
	"path/filepath"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
)

func TestSummaries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.csv")
	row := func(model, pretrained, metric string, seed uint64, value float64) Row {
		return Row{Task: "mrpc", Model: model, Pretrained: pretrained, Seed: seed, Split: "dev", Metric: metric, Value: value, Examples: 408}
	}
	label := func(labels ...int32) (out []datasets.Example) {
		for _, l := range labels {
			out = append(out, datasets.Example{IDs: []int32{1}, Label: l})
		}
		return out
	}
	rows := Task{Name: "mrpc"}.Constant(&datasets.Dataset{Train: label(1, 1, 0), Dev: label(1, 0, 1, 1)})
	for seed, v := range []float64{0.70, 0.72, 0.74} {
		rows = append(rows, row("L2", "encoder", "accuracy", uint64(seed+1), v), row("L2", "encoder", "f1", uint64(seed+1), v+0.1))
	}
	if err := Merge(path, append(rows, row("L2", "none", "accuracy", 1, 0.68))); err != nil {
		t.Fatal(err)
	}
	read, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	all := Summarise(read)
	_, table := Table(all)
	want := map[string]string{"L2 encoder accuracy": "72.0 ± 5.0 (3 seeds)", "L2 encoder f1": "82.0 ± 5.0 (3 seeds)", "L2 none accuracy": "68.0", constant + " none accuracy": "75.0"}
	for _, r := range table {
		if k := r[1] + " " + r[2] + " " + r[4]; want[k] != r[5] {
			t.Errorf("%s is %q, want %q", k, r[5], want[k])
		}
	}
	if len(table) != len(want) {
		t.Errorf("%d lines, want %d", len(table), len(want))
	}
	var series []string
	for _, r := range Gains(all) { // F1 has no twin from fresh weights
		series = append(series, r.Series)
	}
	if len(series) != 3 || series[0] != "pretrained" || series[1] != "from fresh weights" || series[2] != constant {
		t.Errorf("bars are of %q", series)
	}
}

func TestCommittedLossCurve(t *testing.T) {
	for _, p := range Pretrainings() {
		rows, err := Loss(filepath.Join("..", "..", "..", "datasets", "checkpoints"), p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if first, last := rows[0].Value, rows[len(rows)-1].Value; last > first-1 {
			t.Errorf("%s: loss goes from %.2f to %.2f nats, must fall by more than one", p.Name, first, last)
		}
	}
}
