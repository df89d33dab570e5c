package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sparse-attention/workbench/kernel/jupyter"
	"github.com/sparse-attention/workbench/kernel/setup"
)

// settings are the flags that figures, run and install share.
type settings struct {
	mode, out, data, backend string
	jobs                     int
	timeout                  time.Duration
}

func (s *settings) addPlaces(f *pflag.FlagSet) {
	f.StringVar(&s.mode, "mode", "default", "how much is computed: quick (seconds), default (minutes, from committed checkpoints) or full (retrains)")
	f.StringVar(&s.out, "out", "", "folder for figures (default figures, or figures/MODE when the mode is another)")
	f.StringVar(&s.data, "data", "", "folder with real data sets (default $WORKBENCH_DATA, then ../shared/data)")
	f.StringVar(&s.backend, "backend", "", "where tensors are computed: auto (the fastest that is there), go, onnx or xla (default $GOMLX_BACKEND, then go)")
}

func (s *settings) addRunning(f *pflag.FlagSet) {
	f.IntVar(&s.jobs, "jobs", runtime.NumCPU(), "notebooks that run at the same time")
	f.DurationVar(&s.timeout, "timeout", 0, "time for each cell, such as 90s or 30m (default none)")
}

// check finds the mistakes of usage, before anything is done.
func (s *settings) check() error {
	if !slices.Contains(setup.Modes, s.mode) {
		return usageError{fmt.Errorf("mode is %q, must be %s", s.mode, strings.Join(setup.Modes, ", "))}
	}
	if _, err := setup.ParseChoice(s.backend); err != nil {
		return usageError{err}
	}
	if s.jobs < 1 {
		return usageError{fmt.Errorf("jobs is %d, must be 1 or more", s.jobs)}
	}
	if s.timeout < 0 {
		return usageError{fmt.Errorf("timeout is %v, must be 0 or more", s.timeout)}
	}
	return nil
}

// workbench turns the flags into what the cells are told.
func (s *settings) workbench() (setup.Workbench, error) {
	var w setup.Workbench
	if err := s.check(); err != nil {
		return w, err
	}
	root, err := setup.FindModule(".")
	if err != nil {
		return w, err
	}
	w = setup.Workbench{Root: root, Mode: s.mode, Out: filepath.Join(root, "figures")}
	if s.mode != "default" {
		w.Out = filepath.Join(w.Out, s.mode) // the committed figures are those of the default mode
	}
	if s.out != "" {
		if w.Out, err = filepath.Abs(s.out); err != nil {
			return w, err
		}
	}
	if w.Data, err = setup.FindData(root, s.data); err != nil {
		return w, err
	}
	choice, _ := setup.ParseChoice(s.backend)
	w.Backend, err = setup.ChooseBackend(choice)
	return w, err
}

// kernel makes the kernel ready: tools built, kernelspec written to the workbench's own Jupyter folder.
func kernel(ctx context.Context, w setup.Workbench, say func(string)) (jupyter.Spec, error) {
	tools, err := setup.BuildTools(ctx, w.Root, say)
	if err != nil {
		return jupyter.Spec{}, err
	}
	spec, err := setup.Kernelspec(ctx, tools, w, true)
	if err != nil {
		return spec, err
	}
	dir, err := setup.OwnDataDir()
	if err != nil {
		return spec, err
	}
	_, err = setup.WriteKernelspec(dir, setup.Name, spec, true)
	return spec, err
}
