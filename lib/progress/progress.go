// Package progress is how a long run tells its watcher where it is: training sends events, a notebook cell or a terminal
// shows them. It depends on nothing, so that a cell that only draws figures need not be linked with the training libraries.
package progress

import "time"

// Event is one line of a run's progress, sent after every step or evaluation to the run's Observer.
type Event struct {
	Phase             string        // what is running: "fine-tune", "thresholds", "evaluate"
	Epoch, Epochs     int           // 1-based
	Step, Steps       int           // 1-based, over the whole run
	Loss              float64       // running mean of the training loss
	ExamplesPerSecond float64       // since the run (or the resumption) began
	Remaining         time.Duration // estimate at the present speed
	Evaluated         bool          // Accuracy and Kept hold a fresh dev-set measurement
	Accuracy          float64       // dev-set accuracy in 0..1; 0 where the task counts no right answers
	Metric            string        // name of the metric that decides, for example "perplexity"
	Value             float64       // its dev-set value
	Note              string        // something the user must hear, such as a damaged checkpoint; else ""
	Kept              float64       // kept fraction of valid attention scores in 0..1; 1 without pruning
}

// Observer receives events on the training goroutine; it must return quickly.
type Observer func(Event)
