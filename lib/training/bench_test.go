package training_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// reference is an encoder whose training speed is compared.
type reference struct {
	name  string
	spec  transformer.Spec
	batch int
}

func references() []reference {
	return []reference{
		{"L2-H128-N64-batch32", transformer.Tiny(64, 2000, 2), 32},
		{"L4-H256-N128-batch16", transformer.Mini(128, 2000, 2), 16},
	}
}

// speed is what a stretch of training reached. On a machine that others use too, only the rate by processor time compares.
type speed struct {
	examples, seconds, processor, peak float64
	blas                               string
}

func (s *speed) add(t speed) {
	s.examples, s.seconds, s.processor = s.examples+t.examples, s.seconds+t.seconds, s.processor+t.processor
	s.peak, s.blas = max(s.peak, t.peak), t.blas
}

const rounds, stretch = 3, 3 // seconds a stretch

// BenchmarkStep reports the training speed of the two reference encoders on the backend of GOMLX_BACKEND beside PyTorch's
// (Debian's python3-torch, one thread), in turns. It takes half a minute a model; -benchtime does not matter.
func BenchmarkStep(b *testing.B) {
	for _, r := range references() {
		b.Run(r.name, func(b *testing.B) {
			steps := trainer(b, r, nil)
			steps(2) // compiles
			n := max(1, int(stretch/steps(1).seconds))
			torch := func() (speed, bool) { return pytorch(b, r) }
			var ours, theirs speed
			compared := true
			for range rounds {
				if compared {
					var s speed
					if s, compared = torch(); compared {
						theirs.add(s)
					}
				}
				ours.add(steps(n))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours.examples/ours.seconds, "examples/s")
			b.ReportMetric(ours.examples/ours.processor, "examples/cpu-s")
			b.ReportMetric(3*float64(r.spec.MultiplyAdds(r.spec.Tokens)), "multiply-adds/example")
			b.ReportMetric(ours.peak/1e6, "peak-MB")
			if compared {
				b.ReportMetric(theirs.examples/theirs.seconds, "pytorch-examples/s")
				b.ReportMetric(theirs.examples/theirs.processor, "pytorch-examples/cpu-s")
				b.ReportMetric(theirs.peak/1e6, "pytorch-peak-MB")
				b.ReportMetric(ours.examples/ours.seconds/(theirs.examples/theirs.seconds), "of-pytorch")
				b.ReportMetric(ours.examples/ours.processor/(theirs.examples/theirs.processor), "of-pytorch-by-cpu")
				b.Logf("PyTorch multiplies with %s", theirs.blas)
			}
		})
	}
}

// trainer returns a function that trains n steps, with a hook when one is given.
func trainer(b *testing.B, r reference, hook training.Hook) func(n int) speed {
	m := encoder(b, r.spec)
	return func(n int) speed {
		d := &datasets.Dataset{Name: "random", Classes: []string{"a", "b"}}
		for i := range r.batch * (n + 1) {
			ids := make([]int32, r.spec.Tokens)
			for j := range ids {
				ids[j] = int32(5 + (i*31+j*7)%1990)
			}
			d.Train = append(d.Train, datasets.Example{IDs: ids, Label: int32(i % 2)})
		}
		d.Dev = d.Train[:1]
		s := speed{examples: float64(n * r.batch)}
		var began time.Time
		var processor float64
		o := training.Options{Epochs: 1, Batch: r.batch, EvalBatch: 1, Multiple: r.spec.Tokens, Observer: func(e training.Event) {
			switch {
			case e.Evaluated:
			case e.Step == 1: // the graph is compiled
				began, processor = time.Now(), processorSeconds(b)
			case e.Step == n+1:
				s.seconds, s.processor, s.peak = time.Since(began).Seconds(), processorSeconds(b)-processor, peakMemory(b)
			}
		}}
		if _, err := run(b, m, d, hook, o); err != nil {
			b.Fatal(err)
		}
		return s
	}
}

// BenchmarkJoint reports the training speed with DOTA's detector over that of plain fine-tuning, on the shape of the ListOps
// recipe of 512 tokens, in turns.
func BenchmarkJoint(b *testing.B) {
	r := reference{spec: transformer.Spec{Layers: 2, Hidden: 64, Heads: 1, FFN: 128, Tokens: 512, Vocabulary: 2000, Classes: 2}, batch: 16}
	plain, joint := trainer(b, r, nil), trainer(b, r, training.DOTA(0.1, 1))
	plain(1) // compiles
	joint(1)
	var p, j speed
	for range rounds {
		p.add(plain(4))
		j.add(joint(4))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(p.examples/p.seconds, "plain-examples/s")
	b.ReportMetric(j.examples/j.seconds, "joint-examples/s")
	b.ReportMetric(j.examples/j.seconds/(p.examples/p.seconds), "of-plain")
	b.ReportMetric(j.examples/j.processor/(p.examples/p.processor), "of-plain-by-cpu")
}

func usage(b *testing.B) syscall.Rusage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u
}

func processorSeconds(b *testing.B) float64 {
	u := usage(b)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// peakMemory is the largest resident set so far, in bytes.
func peakMemory(b *testing.B) float64 { return 1024 * float64(usage(b).Maxrss) }

// pytorch trains the same shape for one stretch in Python; false where it is not installed.
func pytorch(b *testing.B, r reference) (s speed, ok bool) {
	s.seconds = stretch
	python := "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		b.Logf("PyTorch is left out: no %s", python)
		return s, false
	}
	p := r.spec
	out, err := exec.Command(python, "testdata/step.py", fmt.Sprint(p.Layers), fmt.Sprint(p.Hidden), fmt.Sprint(p.Heads), fmt.Sprint(p.FFN),
		fmt.Sprint(p.Tokens), fmt.Sprint(p.Vocabulary), fmt.Sprint(r.batch), fmt.Sprint(stretch)).CombinedOutput()
	if err != nil {
		b.Logf("PyTorch is left out (Debian has it as python3-torch): %v: %.200s", err, out)
		return s, false
	}
	var wall, cpu float64
	if _, err := fmt.Sscan(strings.TrimSpace(string(out)), &wall, &cpu, &s.peak, &s.blas); err != nil {
		b.Fatalf("%s: %v", out, err)
	}
	s.examples, s.processor = wall*stretch, wall*stretch/cpu
	return s, true
}
