package dotastudy

import (
	"context"
	"fmt"
	"math"

	"github.com/sparse-attention/workbench/lib/accelerator/dota"
	"github.com/sparse-attention/workbench/lib/accelerator/elsa"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/pruning"
)

// Version is a setting of the machine.
type Version uint8

const (
	Full         Version = iota // DOTA-F: attention is not pruned
	Conservative                // DOTA-C
	Aggressive                  // DOTA-A

	Versions int = iota
)

func (v Version) String() string { return [Versions]string{"DOTA-F", "DOTA-C", "DOTA-A"}[v] }

// Retained is what one workload keeps.
type Retained struct {
	At   [Versions]float64 // of DOTA; Full's is 1
	ELSA float64           // of ELSA within the conservative limit
}

// MachineOptions of an evaluation.
type MachineOptions struct {
	Spec     dota.Spec
	Retained func(Workload) Retained
	Shared   float64 // share of its keys that a query has in common with all of its group, as measured by Shared
	Sigma    float64 // of the detector
	Bits     dota.Precision
	Source   string // where Retained and Shared come from
}

// Machine is one workload on all machines.
type Machine struct {
	Workload Workload
	Retained Retained
	DOTA     [Versions]dota.Report
	ELSA     elsa.Report                              // of one head
	GPU      struct{ Attention, Linear, FFN float64 } // seconds of a layer
}

// Machines runs the workloads.
func Machines(ctx context.Context, o MachineOptions) ([]Machine, error) {
	var all []Machine
	for _, w := range Workloads() {
		m, err := machine(ctx, o, w)
		if err != nil {
			return nil, fmt.Errorf("dotastudy: %s: %w", w.Name, err)
		}
		all = append(all, m)
	}
	return all, nil
}

func machine(ctx context.Context, o MachineOptions, w Workload) (m Machine, err error) {
	m = Machine{Workload: w, Retained: o.Retained(w)}
	if m.GPU.Attention, m.GPU.Linear, m.GPU.FFN, err = GPU(w); err != nil {
		return m, err
	}
	k, err := pruning.DetectorWidth(o.Sigma, w.Dim)
	if err != nil {
		return m, err
	}
	for v := range Versions {
		x := w.Workload
		if r := m.Retained.At[v]; Version(v) != Full && r < 1 {
			c := int(math.Ceil(r * float64(w.Tokens)))
			x.Masks, x.Balanced = []*attention.Mask{dota.HotKeys(w.Tokens, c, o.Shared, 1)}, true
			x.Detector = &dota.Detector{Width: k, Precision: o.Bits}
		}
		if m.DOTA[v], err = o.Spec.Simulate(ctx, x); err != nil {
			return m, err
		}
	}
	s := elsa.ELSA()
	s.Tokens = max(s.Tokens, w.Tokens)
	head := &attention.Head{Tokens: w.Tokens, Valid: w.Tokens, Dim: w.Dim}
	work := elsa.Workload{Name: w.Name, Head: head}
	if m.Retained.ELSA < 1 {
		work.Mask = elsa.Draw(w.Tokens, m.Retained.ELSA, elsa.Run, 1)
	} else {
		s.Mode = elsa.Exact
	}
	m.ELSA, err = s.Simulate(ctx, work)
	return m, err
}

// AttentionSpeedup is DOTA's over the GPU, detection included.
func (m Machine) AttentionSpeedup(v Version) float64 {
	return DOTAs * m.GPU.Attention * float64(m.Workload.Layers) / m.DOTA[v].AttentionSeconds()
}

// ELSASpeedup is ELSA's in attention.
func (m Machine) ELSASpeedup() float64 {
	return ELSAs * m.GPU.Attention / (float64(m.Workload.Heads) * m.ELSA.Seconds())
}

// gpuLayer is the GPU's time of a layer.
func (m Machine) gpuLayer() float64 { return m.GPU.Attention + m.GPU.Linear + m.GPU.FFN }

// EndToEnd is DOTA's speedup of the whole model over the GPU.
func (m Machine) EndToEnd(v Version) float64 {
	return DOTAs * m.gpuLayer() * float64(m.Workload.Layers) / m.DOTA[v].Seconds()
}

// Bound is EndToEnd if attention and detection took no time.
func (m Machine) Bound() float64 { return m.EndToEnd(Full) * m.DOTA[Full].Bound() }

// ELSAEndToEnd is that of a GPU whose attention ELSA does.
func (m Machine) ELSAEndToEnd() float64 {
	return elsa.EndToEnd(m.GPU.Attention/m.gpuLayer(), m.ELSASpeedup())
}

// gpuJoules is the GPU's energy of the model at its board power, which ELSA's Fig. 13(a) uses.
func (m Machine) gpuJoules(layer float64) float64 {
	return float64(elsa.GPUPower) * layer * float64(m.Workload.Layers)
}

// Efficiency is the GPU's energy of the model over DOTA's.
func (m Machine) Efficiency(v Version) float64 { return m.gpuJoules(m.gpuLayer()) / m.DOTA[v].Joules() }

// ELSAEfficiency is the GPU's energy over that of a GPU with ELSA beside it.
func (m Machine) ELSAEfficiency() float64 {
	w := m.Workload
	attention := m.ELSA.Energy.Total().Joules() * float64(w.Heads*w.Layers)
	return m.gpuJoules(m.gpuLayer()) / (m.gpuJoules(m.GPU.Linear+m.GPU.FFN) + attention)
}
