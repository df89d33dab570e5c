package training_test

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/training"
)

// childVariable makes this test binary train in the folder that it names, and say each step.
const childVariable = "WORKBENCH_TEST_TRAINING"

func killed() training.Options {
	o := options()
	o.Epochs, o.SaveEvery = 4, 3
	return o
}

func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := child(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(dir string) error {
	m, err := newEncoder()
	if err != nil {
		return err
	}
	o := killed()
	o.Checkpoint = dir
	o.Observer = func(e training.Event) {
		if !e.Evaluated {
			fmt.Println(e.Step, strconv.FormatFloat(e.Loss, 'g', -1, 64))
		}
	}
	_, err = train(m, firstToken(64), nil, o)
	return err
}

// curve runs the child to its end, or kills it at once after it has said a step above last, and returns the loss at each
// step that it said.
func lossCurve(t *testing.T, dir string, last int) (losses map[int]float64, first int, done bool) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems strings.Builder
	c.Stderr = &problems
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	losses = map[int]float64{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var step int
		var loss float64
		if _, err := fmt.Sscan(lines.Text(), &step, &loss); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if losses[step] = loss; first == 0 {
			first = step
		}
		if last > 0 && step >= last {
			c.Process.Kill() // SIGKILL: the child is in mid-step or in mid-write
		}
	}
	if err := c.Wait(); err != nil && problems.Len() > 0 {
		t.Fatalf("%v: %s", err, problems.String())
	}
	return losses, first, c.ProcessState.Success()
}

// Twenty kills at random steps: each time the run goes on within one checkpoint interval of the kill, and all the losses are
// those of a run that was left alone.
func TestKilledRunsGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts twenty processes")
	}
	want, _, done := lossCurve(t, t.TempDir(), 0)
	if !done || len(want) != 32 {
		t.Fatalf("the undisturbed run took %d steps", len(want))
	}
	rng := rand.New(rand.NewPCG(20, 26))
	kills := 0
	for kills < 20 {
		dir, reached := t.TempDir(), 0
		for done := false; !done; {
			last := 0
			if kills < 20 {
				last = reached + 1 + rng.IntN(9)
			}
			var losses map[int]float64
			var first int
			losses, first, done = lossCurve(t, dir, last)
			if !done {
				kills++
			}
			if interval := killed().SaveEvery; reached > 0 && first > 0 && reached-first >= interval+1 {
				t.Errorf("killed at step %d, the run goes on with step %d: more than %d steps are lost", reached, first, interval)
			}
			for step, loss := range losses {
				reached = max(reached, step)
				if math.Abs(loss-want[step]) > 1e-6*math.Abs(want[step]) {
					t.Fatalf("the loss of step %d is %v, must be %v", step, loss, want[step])
				}
			}
		}
	}
}
