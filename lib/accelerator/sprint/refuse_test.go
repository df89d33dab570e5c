package sprint_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/sprint"
	"github.com/sparse-attention/workbench/lib/attention"
	"github.com/sparse-attention/workbench/lib/energy"
)

func TestPresetsAreLegal(t *testing.T) {
	for _, s := range sizes() {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// Every illegal Spec and workload gives one line with the field and its range.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		want  string
		spoil func(*sprint.Spec, *sprint.Workload)
	}{
		{"Spec.Corelets is 0, must be in 1..1024", func(s *sprint.Spec, _ *sprint.Workload) { s.Corelets = 0 }},
		{"Spec.KeyBuffer is 63 B, must be at least one vector, 64 B", func(s *sprint.Spec, _ *sprint.Workload) { s.KeyBuffer = 63 }},
		{"Spec.ValueBuffer is 0 B, must be at least one vector, 64 B", func(s *sprint.Spec, _ *sprint.Workload) { s.ValueBuffer = 0 }},
		{"Spec.ValueBuffer is 100 B, must be at least one vector, 128 B", func(s *sprint.Spec, w *sprint.Workload) {
			h := *w.Head
			h.Dim, s.ValueBuffer, w.Head = 128, 100, &h
		}},
		{"Spec.Mode is Mode(9)", func(s *sprint.Spec, _ *sprint.Workload) { s.Mode = 9 }},
		{"Spec.Lanes is 0, must be at least 1", func(s *sprint.Spec, _ *sprint.Workload) { s.Lanes = 0 }},
		{"Spec.Clock is NaN, must be in 1..1e12 Hz", func(s *sprint.Spec, _ *sprint.Workload) { s.Clock *= 0; s.Clock /= s.Clock }},
		{"Spec.Area is 0, must be positive", func(s *sprint.Spec, _ *sprint.Workload) { s.Area = 0 }},
		{"Spec.CoreletWindow is 0, must be at least 1 query", func(s *sprint.Spec, _ *sprint.Workload) { s.CoreletWindow = 0 }},
		{"Spec.Residency is Residency(2)", func(s *sprint.Spec, _ *sprint.Workload) { s.Residency = 2 }},
		{"Spec.Replacement is Replacement(2)", func(s *sprint.Spec, _ *sprint.Workload) { s.Replacement = 2 }},
		{"Spec.MaskHitRatio is HitRatio(2)", func(s *sprint.Spec, _ *sprint.Workload) { s.MaskHitRatio = 2 }},
		{"Spec.MemoryBound is MemoryBound(3)", func(s *sprint.Spec, _ *sprint.Workload) { s.MemoryBound = 3 }},
		{"Spec.FirstLoadFactor is 1.5, must be at least 2", func(s *sprint.Spec, _ *sprint.Workload) { s.FirstLoadFactor = 1.5 }},
		{"Spec.EnergyFirstLoadFactor is NaN, must be at least 2", func(s *sprint.Spec, _ *sprint.Workload) { s.EnergyFirstLoadFactor = math.NaN() }},
		{"Spec.Memory: dram: Spec.Timing.CL is -1", func(s *sprint.Spec, _ *sprint.Workload) { s.Memory.Timing.CL = -1 }},
		{"Spec.Memory: dram: Spec.Rows is 3", func(s *sprint.Spec, _ *sprint.Workload) { s.Memory.Rows = 3 }},
		{"Spec.Memory.InMemory is false, must be true", func(s *sprint.Spec, _ *sprint.Workload) { s.Memory.InMemory = false }},
		{"Spec.TransposableBanks is 0, must be in 1..3", func(s *sprint.Spec, _ *sprint.Workload) { s.TransposableBanks = 0 }},
		{"Spec.TransposableBanks is 4, must be in 1..3", func(s *sprint.Spec, _ *sprint.Workload) { s.TransposableBanks = 4 }},
		{"Spec.TAxThClock is -1, must be 0", func(s *sprint.Spec, _ *sprint.Workload) { s.TAxThClock = -1 }},
		{"Workload.Head.Tokens is 16, must be at most 8, which is what Spec.Memory holds", func(s *sprint.Spec, _ *sprint.Workload) {
			s.MemoryBound, s.Memory.Rows = sprint.Banks, 1
		}},
		{"Workload.Head.Dim is 64, must leave room for half a key and its value in a row of 64 B", func(s *sprint.Spec, _ *sprint.Workload) {
			s.MemoryBound, s.Memory.Bursts = sprint.Banks, 2
		}},
		{"Noise.Sigma is -1, must be at least 0", func(s *sprint.Spec, _ *sprint.Workload) { s.Array.Noise.Sigma = -1 }},
		{"Datapath.ProbabilityBits is 11, must be in 1..10", func(s *sprint.Spec, _ *sprint.Workload) { s.Datapath.ProbabilityBits = 11 }},
		{"Constants[softmax] is -1 pJ", func(s *sprint.Spec, _ *sprint.Workload) { s.Energy.Constants[energy.Softmax].Value = -1 }},
		{"Workload: attention: Head is nil", func(_ *sprint.Spec, w *sprint.Workload) { w.Head = nil }},
		{"attention: Head.Tokens is 0, must be at least 1", func(_ *sprint.Spec, w *sprint.Workload) { w.Head = &attention.Head{} }},
		{"attention: Head.Valid is 17, must be in 1..16", func(_ *sprint.Spec, w *sprint.Workload) { w.Head = &attention.Head{Tokens: 16, Valid: 17, Dim: 64} }},
		{"attention: Head.Dim is 0, must be at least 1", func(_ *sprint.Spec, w *sprint.Workload) { w.Head = &attention.Head{Tokens: 16, Valid: 16} }},
		{"Workload in mode SPRINT: attention: Mask is nil, must be 16 x 16", func(_ *sprint.Spec, w *sprint.Workload) { w.Mask = nil }},
		{"attention: Mask is 15 x 16, must be 16 x 16", func(_ *sprint.Spec, w *sprint.Workload) { w.Mask = attention.NewMask(15, 16) }},
		{"for query 0, which sees the first 12 keys", func(_ *sprint.Spec, w *sprint.Workload) {
			w.Head = &attention.Head{Tokens: 16, Valid: 12, Dim: 64}
		}},
	} {
		s, w := sprint.S(), cola()
		c.spoil(&s, &w)
		_, err := s.Simulate(context.Background(), w)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, c.want)
		}
	}
}

func TestShapeRefuses(t *testing.T) {
	good := sprint.Shape{Tokens: 10, ValidFraction: 1, PruningRate: 0.5, Dim: 64}
	for _, c := range []struct {
		want  string
		spoil func(*sprint.Shape)
	}{
		{"Shape.PruningRate is 1, must be in [0,1)", func(s *sprint.Shape) { s.PruningRate = 1 }},
		{"Shape.PruningRate is -0.1, must be in [0,1)", func(s *sprint.Shape) { s.PruningRate = -0.1 }},
		{"Shape.ValidFraction is 0, must be in (0,1]", func(s *sprint.Shape) { s.ValidFraction = 0 }},
		{"Shape.Tokens is NaN", func(s *sprint.Shape) { s.Tokens = math.NaN() }},
		{"Shape.Dim is 0", func(s *sprint.Shape) { s.Dim = 0 }},
	} {
		s := good
		c.spoil(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestACancelledRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := sprint.S().Simulate(ctx, cola()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
