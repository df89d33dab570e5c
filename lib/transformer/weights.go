package transformer

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// specKey is the metadata entry with the Spec as JSON.
const specKey = "spec"

// Tensors returns the model's parameters, in the order of Spec.Parameters.
func (m *Encoder) Tensors() ([]Tensor, error) {
	var out []Tensor
	for _, p := range m.Spec.Parameters() {
		values, err := m.Values(p.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, Tensor{p.Name, p.Shape, values})
	}
	return out, nil
}

// Values returns a copy of one variable of the model.
func (m *Encoder) Values(name string) ([]float32, error) {
	v := m.Store.GetVariable(model.ScopeSeparator + name)
	if v == nil {
		return nil, fmt.Errorf("transformer: the model has no parameter %q", name)
	}
	t, err := v.Value()
	if err != nil {
		return nil, fmt.Errorf("transformer: parameter %s: %w", name, err)
	}
	return tensors.CopyFlatData[float32](t)
}

// SetValues sets a float variable of the model, and makes it (untrained) if the model does not have it yet.
func (m *Encoder) SetValues(name string, shape []int, values []float32) error {
	return m.setVariable(name, tensors.FromFlatDataAndDimensions(slices.Clone(values), shape...))
}

// Save writes the model as safetensors; what metadata says of it (data, steps, seed, scores) travels along, and so do more
// tensors, which Load leaves to their owner.
func (m *Encoder) Save(path string, precision Precision, metadata map[string]string, more ...Tensor) error {
	ts, err := m.Tensors()
	if err != nil {
		return err
	}
	ts = append(ts, more...)
	spec, err := json.Marshal(m.Spec)
	if err != nil {
		return fmt.Errorf("transformer: %s: %w", path, err)
	}
	meta := map[string]string{specKey: string(spec)}
	for k, v := range metadata {
		meta[k] = v
	}
	return WriteTensors(path, ts, precision, meta)
}

// Load reads a model that Save wrote; every parameter of its Spec must be there with its shape.
func Load(path string) (*Encoder, map[string]string, error) {
	ts, meta, err := ReadTensors(path)
	if err != nil {
		return nil, nil, err
	}
	var spec Spec
	if err := json.Unmarshal([]byte(meta[specKey]), &spec); err != nil {
		return nil, nil, fmt.Errorf("transformer: %s: metadata entry %q: %w", path, specKey, err)
	}
	m, err := NewEncoder(spec, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := m.SetTensors(ts); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, meta, nil
}

// SetTensors sets every parameter of the model from ts, which must hold each with its shape; other tensors are ignored.
func (m *Encoder) SetTensors(ts []Tensor) error {
	byName := map[string]Tensor{}
	for _, t := range ts {
		byName[t.Name] = t
	}
	for _, p := range m.Spec.Parameters() {
		t, ok := byName[p.Name]
		if !ok {
			return fmt.Errorf("transformer: parameter %s is missing", p.Name)
		}
		if !slices.Equal(t.Shape, p.Shape) {
			return fmt.Errorf("transformer: parameter %s has shape %v, must be %v", p.Name, t.Shape, p.Shape)
		}
		if err := m.SetValues(p.Name, p.Shape, t.Values); err != nil {
			return err
		}
	}
	return nil
}

// Longer is the same model for inputs of up to so many tokens, with its learnt positions repeated behind one another, as Longformer
// begins (Beltagy et al. 2020); seed is that of its dropout.
func (m *Encoder) Longer(tokens int, seed uint64) (*Encoder, error) {
	s := m.Spec
	if tokens < s.Tokens {
		return nil, fmt.Errorf("transformer: a model for inputs of %d tokens, must be at least the %d of the model it begins with (Spec.Tokens)", tokens, s.Tokens)
	}
	s.Tokens = tokens
	long, err := NewEncoder(s, seed)
	if err != nil {
		return nil, err
	}
	ts, err := m.Tensors()
	if err != nil {
		return nil, err
	}
	for i, t := range ts {
		if t.Name == "embedding/position" {
			values := slices.Repeat(t.Values, (tokens+m.Spec.Tokens-1)/m.Spec.Tokens)
			ts[i] = Tensor{t.Name, []int{tokens, s.Hidden}, values[:tokens*s.Hidden]}
		}
	}
	return long, long.SetTensors(ts)
}

// Adopt takes from ts what fits: every parameter of the same name and shape, and of another model's positions those that
// both have. It returns the names of the parameters that stay as they are: those of a new head, when a pretrained encoder is
// fine-tuned.
func (m *Encoder) Adopt(ts []Tensor) (kept []string, err error) {
	byName := map[string]Tensor{}
	for _, t := range ts {
		byName[t.Name] = t
	}
	for _, p := range m.Spec.Parameters() {
		t, ok := byName[p.Name]
		switch {
		case ok && slices.Equal(t.Shape, p.Shape):
			err = m.SetValues(p.Name, p.Shape, t.Values)
		case ok && p.Name == "embedding/position" && len(t.Shape) == 2 && t.Shape[1] == p.Shape[1]:
			var values []float32
			if values, err = m.Values(p.Name); err == nil {
				copy(values, t.Values)
				err = m.SetValues(p.Name, p.Shape, values)
			}
		default:
			kept = append(kept, p.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	return kept, nil
}
