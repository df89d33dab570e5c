package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sparse-attention/workbench/kernel/doctor"
	"github.com/sparse-attention/workbench/kernel/scoreboard"
	"github.com/sparse-attention/workbench/kernel/setup"
)

func newInstall(stdout, stderr io.Writer) *cobra.Command {
	s := settings{jobs: 1}
	var name string
	var force bool
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Make the Go kernel known to the user's Jupyter",
		Long: `Writes a kernelspec to the user's Jupyter data folder ($JUPYTER_DATA_DIR, or the usual place), so that the notebooks
open in Jupyter with a kernel that finds the library. The settings given here are those that the cells will see.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.backend == "" {
				s.backend = string(setup.Auto)
			}
			w, err := s.workbench()
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			tools, err := setup.BuildTools(ctx, w.Root, func(line string) { fmt.Fprintln(stderr, line) })
			if err != nil {
				return err
			}
			spec, err := setup.Kernelspec(ctx, tools, w, false)
			if err != nil {
				return err
			}
			dir, err := setup.UserDataDir()
			if err != nil {
				return err
			}
			path, err := setup.WriteKernelspec(dir, name, spec, force)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%s\nbackend %s: %s\n", path, w.Backend.Config, w.Backend.Reason)
			return nil
		},
	}
	s.addPlaces(cmd.Flags())
	cmd.Flags().StringVar(&name, "name", setup.Name, "name of the kernelspec")
	cmd.Flags().BoolVar(&force, "force", false, "replace another kernel of that name")
	return cmd
}

func newDoctor(stdout io.Writer) *cobra.Command {
	var data, backend string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is there, what is missing, and what to do about it",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			choice, err := setup.ParseChoice(backend)
			if err != nil {
				return usageError{err}
			}
			root, err := setup.FindModule(".")
			if err != nil {
				return err
			}
			if !doctor.Print(stdout, doctor.Examine(cmd.Context(), root, data, choice)) {
				return shown{errors.New("something is missing")}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "folder with real data sets")
	cmd.Flags().StringVar(&backend, "backend", "", "backend to look for: auto, go, onnx or xla")
	return cmd
}

func newScore(stdout io.Writer) *cobra.Command {
	var asJSON bool
	var out string
	cmd := &cobra.Command{
		Use:   "score",
		Short: "Print the scoreboard: each published number beside ours, with the verdict",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			dir := out
			if dir == "" {
				root, err := setup.FindModule(".")
				if err != nil {
					return err
				}
				dir = filepath.Join(root, "figures")
			}
			rows, err := scoreboard.Load(dir)
			if err != nil {
				return err
			}
			if asJSON {
				return scoreboard.WriteJSON(stdout, rows)
			}
			return scoreboard.WriteTable(stdout, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, `print {"rows":[...],"totals":{...}}`)
	cmd.Flags().StringVar(&out, "out", "", "folder with the figures (default figures)")
	return cmd
}
