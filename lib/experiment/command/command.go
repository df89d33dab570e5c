// Package command is what the commands of the studies share: the flags that most of them have, the interrupt, the backend, and what
// they tell while they run.
//
//	func main() {
//		state, backend := command.State(), command.Backend()
//		command.Main(func(ctx context.Context) error {
//			b, err := backend()
//			...
//		})
//	}
//
// A function that declares a flag returns where its value is once Main has read the command line.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/gomlx/compute"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// ErrNoState is the error of a command that cannot do without -state.
var ErrNoState = errors.New("flag -state is empty, must name a folder")

// Data declares -data.
func Data() *string { return flag.String("data", "", "data folder") }

// Root declares -root, the folder of the committed checkpoints unless another is given; holds says what the command looks for there.
func Root(holds string) *string {
	return flag.String("root", experiment.Checkpoints("."), "folder of "+holds)
}

// State declares -state. Without says what the command does when it is empty: "empty keeps none" or "must be given".
func State(without string) *string {
	return flag.String("state", "", "folder of the state that a later call goes on from; "+without)
}

// Backend declares -backend; the function that it returns opens it.
func Backend() func() (compute.Backend, error) {
	name := flag.String("backend", "", "GoMLX backend; empty: GOMLX_BACKEND, else the one in pure Go")
	return func() (compute.Backend, error) { return transformer.OpenBackend(*name) }
}

// Main reads the command line and runs the command until it ends or is interrupted. An error is printed and makes the exit status 1.
func Main(run func(context.Context) error) {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Models are the committed models whose data are here; it prints which are left out, and why.
func Models(ctx context.Context, backend compute.Backend, root, data string) ([]experiment.Model, error) {
	models, absent, err := experiment.Models(ctx, backend, experiment.Where{Checkpoints: root, Data: data})
	for _, a := range absent {
		fmt.Println(a)
	}
	return models, err
}
