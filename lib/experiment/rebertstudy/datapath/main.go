// Command datapath measures what the arithmetic of ReBERT's machine does to the accuracy of the committed models: the softmax unit on
// all of them, programming errors and narrow converters on the last one. It writes datapath.json beside the results of the searches.
//
//	go run -tags onnx ./lib/experiment/rebertstudy/datapath -examples 0
package main

import (
	"context"
	"flag"

	"github.com/sparse-attention/workbench/lib/experiment/command"
	"github.com/sparse-attention/workbench/lib/experiment/rebertstudy"
)

func main() {
	root, data := command.Root("the committed models and, in its folder rebert, the result"), command.Data()
	examples := flag.Int("examples", 1000, "examples of each model; 0 = all")
	backend := command.Backend()
	command.Main(func(ctx context.Context) error {
		b, err := backend()
		if err != nil {
			return err
		}
		models, err := command.Models(ctx, b, *root, *data)
		if err != nil {
			return err
		}
		watch := command.NewWatch("datapath")
		studies, err := rebertstudy.StudyDatapaths(ctx, b, models, *examples, func(model, variant string, drop, within float64) {
			watch.Printf("%s, %s: loses %.2f +-%.2f points", model, variant, drop, within)
		})
		if err != nil {
			return err
		}
		return rebertstudy.SaveDatapath(rebertstudy.Results(*root), studies)
	})
}
