// Command datapath measures what the arithmetic of ReBERT's machine does to the accuracy of the committed models: the softmax unit on
// all of them, programming errors and narrow converters on the last one. It writes datapath.json beside the results of the searches.
//
//	go run -tags onnx ./lib/experiment/rebertstudy/datapath -examples 0
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/experiment/rebertstudy"
	"github.com/sparse-attention/workbench/lib/transformer"
)

func main() {
	root := flag.String("root", filepath.Join("datasets", "checkpoints"), "folder of the committed models and, in its folder rebert, the result")
	data := flag.String("data", "", "data folder")
	examples := flag.Int("examples", 1000, "examples of each model; 0 = all")
	backend := flag.String("backend", "", "GoMLX backend; empty: GOMLX_BACKEND, else the one in pure Go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *root, *data, *backend, *examples); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, data, config string, examples int) error {
	backend, err := transformer.OpenBackend(config)
	if err != nil {
		return err
	}
	models, absent, err := experiment.Models(ctx, backend, experiment.Where{Checkpoints: root, Data: data})
	if err != nil {
		return err
	}
	for _, a := range absent {
		fmt.Println(a)
	}
	studies, err := rebertstudy.StudyDatapaths(ctx, backend, models, examples, func(model, variant string, drop, within float64) {
		fmt.Printf("%s, %s: loses %.2f +-%.2f points\n", model, variant, drop, within)
	})
	if err != nil {
		return err
	}
	return rebertstudy.SaveDatapath(rebertstudy.Results(root), studies)
}
