package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// newRoot builds the tree of commands.
func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "kernel",
		Short: "Run the sparse-attention notebooks and compare their numbers with the published ones",
		Long: `Runs the notebooks of the sparse-attention workbench and compares their numbers with the published ones.

Nothing has to be installed first: the Go kernel (GoNB) is built at the first use and kept in the user's cache folder.`,
		Example: `  go run ./kernel figures              all notebooks, figures/scoreboard.csv and figures/index.html
  go run ./kernel figures sprint       only the notebooks whose name contains "sprint"
  go run ./kernel run my.ipynb -p tokens=512
  go run ./kernel score                the scoreboard as a table`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q, must be figures, run, install, doctor or score", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(newFigures(stdout, stderr), newRun(stdout, stderr), newInstall(stdout, stderr), newDoctor(stdout), newScore(stdout))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return usageError{fmt.Errorf("%s", first)}
	})
	return root
}

// noArguments is cobra.NoArgs with our kind of error.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no argument %q", cmd.Name(), args[0])}
	}
	return nil
}
