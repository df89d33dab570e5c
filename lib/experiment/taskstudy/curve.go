package taskstudy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparse-attention/workbench/lib/training"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// curve is the loss of a run over its steps, kept in a file, so that it is whole after an interruption.
type curve struct {
	path   string
	points []point
	spent  time.Duration // before this call
	began  time.Time
	failed error
}

type point struct {
	step    int
	loss    float64 // running mean of the training loss
	value   float64 // the dev split's metric where it was measured, else 0
	seconds float64 // training so far
}

var curveColumns = []string{"step", "loss", "dev", "seconds"}

const curveEvery = 25 // steps between two points

func openCurve(path string) (*curve, error) {
	c := &curve{path: path, began: time.Now()}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	} else if err != nil {
		return nil, fmt.Errorf("taskstudy: %w", err)
	}
	records, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil || len(records) == 0 || !slices.Equal(records[0], curveColumns) {
		return nil, fmt.Errorf("taskstudy: %s:1: columns must be %s", path, strings.Join(curveColumns, ","))
	}
	for i, r := range records[1:] {
		var p point
		var errs [4]error
		p.step, errs[0] = strconv.Atoi(r[0])
		p.loss, errs[1] = strconv.ParseFloat(r[1], 64)
		p.value, errs[2] = strconv.ParseFloat(r[2], 64)
		p.seconds, errs[3] = strconv.ParseFloat(r[3], 64)
		if errors.Join(errs[:]...) != nil {
			return nil, fmt.Errorf("taskstudy: %s:%d: %q, must be numbers", path, i+2, r)
		}
		c.points = append(c.points, p)
	}
	if n := len(c.points); n > 0 {
		c.spent = time.Duration(c.points[n-1].seconds * float64(time.Second))
	}
	return c, nil
}

// observe takes a point; the steps that a resumed run repeats replace the earlier ones.
func (c *curve) observe(e training.Event) {
	if !e.Evaluated && e.Step%curveEvery != 0 {
		return
	}
	c.points = slices.DeleteFunc(c.points, func(p point) bool { return p.step >= e.Step })
	p := point{step: e.Step, loss: e.Loss, seconds: (c.spent + time.Since(c.began)).Seconds()}
	if e.Evaluated {
		p.value = e.Value
	}
	c.points = append(c.points, p)
	c.failed = c.save()
}

func (c *curve) minutes() float64 { return (c.spent + time.Since(c.began)).Minutes() }

func (c *curve) save() error { return c.saveTo(c.path) }

func (c *curve) saveTo(path string) error {
	if c.failed != nil {
		return c.failed
	}
	var b strings.Builder
	fmt.Fprintln(&b, strings.Join(curveColumns, ","))
	for _, p := range c.points {
		fmt.Fprintf(&b, "%d,%.4f,%.4f,%.0f\n", p.step, p.loss, p.value, p.seconds)
	}
	return transformer.ReplaceFile(path, []byte(b.String()))
}
