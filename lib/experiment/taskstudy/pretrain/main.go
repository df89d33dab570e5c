// Command pretrain makes a pretrained encoder of package taskstudy and writes it under -root.
//
//	go run -tags onnx ./lib/experiment/taskstudy/pretrain -name pretrained-l2-h128 -state /tmp/pretrain
//
// An interrupted run goes on where it stopped when it is called again with the same -state.
package main

import (
	"context"
	"flag"

	"github.com/sparse-attention/workbench/lib/experiment/command"
	"github.com/sparse-attention/workbench/lib/experiment/taskstudy"
)

func main() {
	name := flag.String("name", "pretrained-l2-h128", "encoder to pretrain")
	data, state, root := command.Data(), command.State("must be given"), command.Root("the checkpoints")
	backend := command.Backend()
	command.Main(func(ctx context.Context) error {
		if *state == "" {
			return command.ErrNoState
		}
		p, err := taskstudy.FindPretraining(*name)
		if err != nil {
			return err
		}
		b, err := backend()
		if err != nil {
			return err
		}
		watch := command.NewWatch(*name)
		card, err := p.Run(ctx, *root, taskstudy.Where{Data: *data, State: *state, Backend: b, Observer: watch.Observe})
		if err != nil {
			return err
		}
		watch.Printf("%d steps in %.0f minutes, perplexity %.2f", card.Steps, card.Minutes, card.Perplexity)
		return nil
	})
}
