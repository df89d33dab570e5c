package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sparse-attention/workbench/kernel/notebook"
	"github.com/sparse-attention/workbench/kernel/runner"
	"github.com/sparse-attention/workbench/kernel/setup"
)

func newRun(_, stderr io.Writer) *cobra.Command {
	var s settings
	var output string
	var values []string
	cmd := &cobra.Command{
		Use:   "run NOTEBOOK...",
		Short: "Run notebooks without Jupyter",
		Long: `Runs notebooks and writes them with their outputs, in place or to --output. A notebook whose cell fails is written too,
with the error; the exit status is then 1.

-p NAME=VALUE sets a parameter: a cell with the value is added after the cell that is tagged "parameters" and declares
NAME as a var or a const. A string needs no quotes; any other value is a Go expression.`,
		Example: `  go run ./kernel run notebooks/03-sprint.ipynb
  go run ./kernel run my.ipynb -p tokens=512 -p task=sst2 --output my-512.ipynb`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("run needs a notebook")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, paths []string) error {
			var parameters []notebook.Parameter
			for _, v := range values {
				p, err := notebook.ParseParameter(v)
				if err != nil {
					return usageError{err}
				}
				parameters = append(parameters, p)
			}
			jobs, err := jobsOf(paths, output)
			if err != nil {
				return err
			}
			for i := range jobs {
				jobs[i].Parameters, jobs[i].Timeout = parameters, s.timeout
			}
			if s.backend == "" {
				s.backend = string(setup.Auto)
			}
			w, err := s.workbench()
			if err != nil {
				return err
			}
			for _, j := range jobs { // before a kernel is built and started for nothing
				if _, err := notebook.Read(j.Source); err != nil {
					return err
				}
			}
			return runNotebooks(cmd.Context(), w, jobs, s.jobs, stderr)
		},
	}
	s.addPlaces(cmd.Flags())
	s.addRunning(cmd.Flags())
	cmd.Flags().Lookup("backend").Usage = "where tensors are computed: auto, go, onnx or xla (default auto: $GOMLX_BACKEND, then the fastest that is there)"
	cmd.Flags().StringArrayVarP(&values, "parameter", "p", nil, "NAME=VALUE, may be given several times")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file or folder for the executed notebook (default: in place)")
	return cmd
}

func jobsOf(paths []string, output string) ([]runner.Job, error) {
	info, err := os.Stat(output)
	isFolder := err == nil && info.IsDir() || output != "" && os.IsPathSeparator(output[len(output)-1])
	if output != "" && !isFolder && len(paths) > 1 {
		return nil, usageError{fmt.Errorf("output is the file %s, must be a folder for %d notebooks", output, len(paths))}
	}
	var jobs []runner.Job
	for _, p := range paths {
		j := runner.Job{Source: p, Target: p}
		if isFolder {
			j.Target = filepath.Join(output, filepath.Base(p))
		} else if output != "" {
			j.Target = output
		}
		if slices.ContainsFunc(jobs, func(other runner.Job) bool { return other.Target == j.Target }) {
			return nil, usageError{fmt.Errorf("two notebooks would be written to %s", j.Target)}
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// runNotebooks sets the kernel up and runs the notebooks; it prints each failure and returns them as one.
func runNotebooks(ctx context.Context, w setup.Workbench, jobs []runner.Job, limit int, stderr io.Writer) error {
	progress := runner.NewProgress(stderr)
	defer progress.Close()
	spec, err := kernel(ctx, w, progress.Say)
	if err != nil {
		return err
	}
	progress.Say("backend " + w.Backend.Config + ": " + w.Backend.Reason)
	if err := setup.Warm(ctx, w.Root, spec.Environ(os.Environ()), progress.Say); err != nil {
		return err
	}
	failed := false
	for _, err := range runner.RunAll(ctx, jobs, spec, limit, progress) {
		if err == nil || errors.Is(err, runner.ErrInterrupted) {
			failed = failed || err != nil
			continue
		}
		failed = true
		progress.Say(err.Error())
		var cell *runner.CellError
		if errors.As(err, &cell) && cell.Source != "" {
			progress.Say("    " + cell.Source)
		}
	}
	if failed {
		return shown{errors.New("a notebook failed")}
	}
	return nil
}
