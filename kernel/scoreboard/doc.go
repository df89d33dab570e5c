// Package scoreboard merges the verdicts that the notebooks wrote beside their figures, one verdicts.csv a paper, into one
// scoreboard.csv, and shows it: as a table, as JSON and as a static page with the figures.
//
// A verdict compares one published number with ours. Failing rows are shown, not hidden.
package scoreboard
