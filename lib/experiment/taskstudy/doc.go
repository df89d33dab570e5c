// Package taskstudy trains models on public tasks and keeps what they reach: one table of every task's official measures, by
// model, start and seed, with the mean over seeds and its 95 % interval.
//
// A Task is data, shape and options; Run trains it with one seed and gives the rows of the table; Merge puts rows into the
// file. The command taskstudy/train does this for the tasks named on its command line, and is how figures/training/results.csv
// was made.
package taskstudy
