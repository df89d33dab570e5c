// Command kernel is the workbench's driver: it sets up a Go kernel for Jupyter, runs the notebooks without Jupyter, and
// shows how their numbers compare with the published ones.
//
//	go run ./kernel figures          every notebook, the scoreboard and figures/index.html
//	go run ./kernel run NOTEBOOK...  some notebooks
//	go run ./kernel score            the scoreboard
//	go run ./kernel doctor           what is there and what is missing
//	go run ./kernel install          make the kernel known to the user's Jupyter
//
// The exit status is 0, 1 when something failed, 2 for wrong usage and 130 after Ctrl-C. (go run itself turns every status
// but 0 into 1; go build ./kernel gives a program that keeps them.)
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/sparse-attention/workbench/kernel/runner"
)

// The exit statuses.
const (
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// usageError is a mistake on the command line.
type usageError struct{ error }

// shown is an error whose text has been written already.
type shown struct{ error }

// run executes a command line and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var already shown
	switch {
	case err == nil:
		return 0
	case errors.As(err, &already):
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%v; see --help\n", err)
		return statusUsage
	default:
		if ctx.Err() == nil || !errors.Is(err, runner.ErrInterrupted) && !errors.Is(err, context.Canceled) {
			fmt.Fprintln(stderr, err)
		}
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "interrupted")
		return statusInterrupted
	}
	return statusFailed
}
