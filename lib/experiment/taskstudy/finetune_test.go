package taskstudy

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// Questions about eight articles, the answer to each one of which is its fourth word.
func TestQuestionsAreAnsweredByTheOfficialMeasures(t *testing.T) {
	var articles []string
	for a := range 8 {
		articles = append(articles, fmt.Sprintf(`{"title": "%d", "paragraphs": [{"context": "we saw the Lamp number %[1]d", "qas": [
			{"id": "q%[1]d", "question": "Which?", "answers": [{"answer_start": 11, "text": "Lamp"}]}]}]}`, a))
	}
	path := filepath.Join(t.TempDir(), "lamps.json")
	if err := os.WriteFile(path, []byte(`{"data": [`+strings.Join(articles, ",")+`]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	task := Task{Name: "lamps", Set: "squad", Shape: "tiny", Data: datasets.Options{File: path, MinCount: 1},
		Model: transformer.Spec{Layers: 1, Hidden: 16, Heads: 2, FFN: 16, Head: transformer.EachToken, Deviation: 0.2},
		Train: training.Options{Epochs: 30, Batch: 2, LearningRate: 1e-2, Objective: training.Span{Measures: answers}}}
	d, err := task.Open("", "")
	if err != nil {
		t.Fatal(err)
	}
	wider := [2]int32{d.Dev[0].Span[0] - 1, d.Dev[0].Span[1] + 1} // "the Lamp number": of its two words, without the article, one is right
	if m := answers(d.Dev, [][2]int32{wider}); len(m) != 2 || m[0].Name != "f1" || math.Abs(m[0].Value-2.0/3) > 1e-9 || m[1].Value != 0 {
		t.Errorf("measures of a wider span are %+v, want an f1 of 2/3 and no exact match", m)
	}
	m, rows, err := task.Run(t.Context(), 1, d, Where{Backend: goBackend(t)})
	if err != nil {
		t.Fatal(err)
	}
	if m.Spec.Classes != 2 || len(rows) != 4 {
		t.Fatalf("%d classes and %d rows, want an answer's two ends, and two measures of two splits", m.Spec.Classes, len(rows))
	}
	for _, r := range rows {
		if r.Value != 1 {
			t.Errorf("%s on %s is %v, want 1: every answer stands at the same place", r.Metric, r.Split, r.Value)
		}
	}
}
