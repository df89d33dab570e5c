package training

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// ErrNotFinite is returned when a loss or a gradient is NaN or infinite. The model then holds its last good weights.
type ErrNotFinite struct {
	Step  int
	Where string // "embedding", "layer 3", "head", or "gradient of <parameter>"
	Rate  float64
}

func (e *ErrNotFinite) Error() string {
	return fmt.Sprintf("training: the loss of step %d is not finite, first in the %s; the weights are those before the step; a lower learning rate than %g may help",
		e.Step, e.Where, e.Rate)
}

// diagnose computes the batch again, with the weights that the failed step left as they were, and finds the first place
// that is not finite.
func (s *stepper) diagnose(b prepared, rate float64, step int) error {
	places := []string{"embedding"}
	for l := range s.model.Spec.Layers {
		places = append(places, fmt.Sprintf("layer %d", l))
	}
	places = append(places, "head")
	names := append(append([]string(nil), s.weights.names...), s.hooks.names...)
	for i := len(names) - 1; i >= 0; i-- { // the gradient flows from the head back
		places = append(places, "gradient of "+names[i])
	}
	exec, err := model.NewExec(s.backend, s.model.Store, func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		p := s.trainingPass(in[0].Graph())
		p.Noise = in[0]
		_, loss, gradients := s.gradients(p, in[1:])
		nodes := append(append([]*graph.Node(nil), p.Outputs...), loss)
		for i := len(gradients) - 1; i >= 0; i-- {
			nodes = append(nodes, gradients[i])
		}
		for i, n := range nodes {
			nodes[i] = graph.ConvertDType(isFinite(graph.ReduceAllSum(graph.Abs(n))), dtypes.Float32)
		}
		return []*graph.Node{graph.Stack(nodes, 0)}
	})
	if err != nil {
		return fmt.Errorf("training: step %d is not finite: %w", step, err)
	}
	defer exec.Finalize()
	first := len(places)
	for _, shard := range b.shards {
		out, err := exec.Call1(shard.arguments()...)
		if err != nil {
			return fmt.Errorf("training: step %d is not finite: %w", step, err)
		}
		if i := slices.Index(tensors.MustCopyFlatData[float32](out), 0); i >= 0 {
			first = min(first, i)
		}
	}
	return &ErrNotFinite{Step: step, Rate: rate, Where: append(places, "sum of the gradients")[first]}
}
