package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sparse-attention/workbench/kernel/runner"
	"github.com/sparse-attention/workbench/kernel/scoreboard"
	"github.com/sparse-attention/workbench/kernel/setup"
)

func newFigures(stdout, stderr io.Writer) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "figures [NAME...]",
		Short: "Run the notebooks, write their figures, the scoreboard and the page that shows them",
		Long: `Runs every notebook in notebooks/, or those whose name contains one of NAME. They write their figures to --out; then
the verdicts of all papers are merged to scoreboard.csv and shown with the figures in index.html.

In the default mode with the default folder the executed notebooks replace those in notebooks/; otherwise they go to
OUT/notebooks. The pure Go backend is used unless another is asked for, so that the figures come out again byte for byte.`,
		Example: `  go run ./kernel figures
  go run ./kernel figures --mode quick --out /tmp/look
  go run ./kernel figures 03 --backend auto`,
		RunE: func(cmd *cobra.Command, names []string) error {
			w, err := s.workbench()
			if err != nil {
				return err
			}
			return figures(cmd.Context(), w, s, names, stdout, stderr)
		},
	}
	s.addPlaces(cmd.Flags())
	s.addRunning(cmd.Flags())
	return cmd
}

func figures(ctx context.Context, w setup.Workbench, s settings, names []string, stdout, stderr io.Writer) error {
	jobs, err := chooseNotebooks(w, names)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(w.Out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	for i := range jobs {
		jobs[i].Timeout = s.timeout
	}
	failure := runNotebooks(ctx, w, jobs, s.jobs, stderr)
	if ctx.Err() != nil {
		return failure
	}
	rows, err := scoreboard.Write(w.Out)
	if err != nil {
		return errors.Join(failure, err)
	}
	all := scoreboard.Sum(rows).All
	fmt.Fprintf(stdout, "%s: %d pass, %d fail, %d not comparable\n", filepath.Join(w.Out, scoreboard.IndexFile),
		all[scoreboard.Pass], all[scoreboard.Fail], all[scoreboard.NotApplicable])
	return failure
}

// chooseNotebooks lists the notebooks whose names contain one of names, all when there are none, and where they go.
func chooseNotebooks(w setup.Workbench, names []string) ([]runner.Job, error) {
	dir := filepath.Join(w.Root, "notebooks")
	files, err := filepath.Glob(filepath.Join(dir, "*.ipynb"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: holds no notebook", dir)
	}
	target := dir
	if w.Mode != "default" || w.Out != filepath.Join(w.Root, "figures") {
		target = filepath.Join(w.Out, "notebooks")
	}
	var all, chosen []runner.Job
	for _, f := range files {
		all = append(all, runner.Job{Source: f, Target: filepath.Join(target, filepath.Base(f))})
	}
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		matches := func(j runner.Job) bool { return strings.Contains(j.Name(), strings.TrimSuffix(name, ".ipynb")) }
		if !slices.ContainsFunc(all, matches) {
			return nil, usageError{fmt.Errorf("no notebook is called %q, must be part of one of: %s", name, jobNames(all))}
		}
	}
	for _, j := range all {
		if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(j.Name(), strings.TrimSuffix(n, ".ipynb")) }) {
			chosen = append(chosen, j)
		}
	}
	return chosen, nil
}

func jobNames(jobs []runner.Job) string {
	var names []string
	for _, j := range jobs {
		names = append(names, j.Name())
	}
	return strings.Join(names, ", ")
}
