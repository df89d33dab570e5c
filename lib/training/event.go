package training

import events "github.com/sparse-attention/workbench/lib/progress"

// Event is one line of a training run's progress; see package progress.
type Event = events.Event

// Observer receives events on the training goroutine; it must return quickly.
type Observer = events.Observer
