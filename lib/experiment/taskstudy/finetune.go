package taskstudy

import (
	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// fineTuned are the tasks whose model begins with the pretrained encoder.
func fineTuned() []Task {
	measure := func(name string, of func(predicted, targets []int32) float64) training.Measure[int32] {
		return training.Measure[int32]{Name: name, Of: of}
	}
	f1, matthews := measure("f1", datasets.F1), measure("matthews", datasets.Matthews)
	task := func(name string, tokens int, o training.Options, measures ...training.Measure[int32]) Task {
		if o.Objective == nil {
			o.Objective = training.Classification{Measures: measures}
		}
		if o.Batch == 0 {
			o.Batch = 32
		}
		o.Multiple, o.SaveEvery, o.WarmUp = 16, 100, 0.1
		return Task{Name: name, Set: name, Shape: "L2 H128 A2, 6000 pieces", Start: "pretrained-l2-h128", Seeds: 3,
			Model: transformer.Spec{Dropout: 0.1}, Data: datasets.Options{MaxTokens: tokens, Overflow: datasets.Truncate}, Train: o}
	}
	squad := task("xquad.en", 256, training.Options{Epochs: 8, LearningRate: 5e-4, Objective: training.Span{Measures: answers}})
	squad.Set, squad.Model.Head = "squad", transformer.EachToken
	qnli := task("qnli-dev-only", 128, training.Options{Epochs: 4, LearningRate: 3e-4}, training.Accuracy)
	qnli.Set = "qnli"
	imdb := task("imdb", 256, training.Options{Epochs: 2, LearningRate: 5e-4}, training.Accuracy)
	imdb.Judge = 5000 // of 25,000: ten models and more are judged
	return []Task{
		task("sst2", 64, training.Options{Epochs: 2, Batch: 64, LearningRate: 5e-4}, training.Accuracy),
		task("cola", 48, training.Options{Epochs: 4, LearningRate: 3e-4}, matthews, training.Accuracy),
		task("mrpc", 128, training.Options{Epochs: 5, LearningRate: 3e-4}, f1, training.Accuracy),
		task("stsb", 128, training.Options{Epochs: 4, LearningRate: 3e-4, Objective: training.Regression{Measures: []training.Measure[float64]{
			{Name: "pearson", Of: datasets.Pearson}, {Name: "spearman", Of: datasets.Spearman}}}}),
		task("rte", 192, training.Options{Epochs: 4, LearningRate: 3e-4}, training.Accuracy),
		qnli,
		task("wnli", 128, training.Options{Epochs: 4, LearningRate: 3e-4}, training.Accuracy),
		squad,
		imdb,
	}
}

// answers are SQuAD's official measures of predicted spans.
func answers(examples []datasets.Example, predicted [][2]int32) []training.Metric {
	var exact, f1 float64
	for i, e := range examples {
		same, overlap := datasets.AnswerScores(e.Answer.Text(int(predicted[i][0]), int(predicted[i][1])), e.Answer.Texts)
		exact, f1 = exact+same, f1+overlap
	}
	n := float64(max(1, len(examples)))
	return []training.Metric{{Name: "f1", Value: f1 / n}, {Name: "exact match", Value: exact / n}}
}
