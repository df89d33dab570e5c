package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sparse-attention/workbench/kernel/durable"
	"github.com/sparse-attention/workbench/kernel/jupyter"
	"github.com/sparse-attention/workbench/kernel/notebook"
	"github.com/sparse-attention/workbench/kernel/setup"
)

// ErrInterrupted says that the run was stopped from outside; nothing was written.
var ErrInterrupted = errors.New("interrupted")

// Tags of Jupyter's own runner that are kept to.
const (
	mayFailTag = "raises-exception"
	skipTag    = "skip-execution"
)

// Job is a notebook to be run.
type Job struct {
	Source     string // path of the notebook
	Target     string // where the executed notebook goes; may be Source
	Parameters []notebook.Parameter
	Timeout    time.Duration // for each cell; 0 = none
}

// Name is the notebook's name, without folder and extension.
func (j Job) Name() string {
	return strings.TrimSuffix(filepath.Base(j.Source), filepath.Ext(j.Source))
}

// Run executes the notebook in the folder that it lies in. A failing cell ends the run with a *CellError; the notebook is
// written all the same, with the outputs so far and the error. Only ErrInterrupted leaves no notebook.
func Run(ctx context.Context, job Job, spec jupyter.Spec, report Reporter) error {
	n, err := notebook.Read(job.Source)
	if err != nil {
		return err
	}
	if err := n.Inject(job.Parameters); err != nil {
		return fmt.Errorf("%s: %w", job.Source, err)
	}
	if err := os.MkdirAll(filepath.Dir(job.Target), 0o755); err != nil {
		return fmt.Errorf("%s: %w", job.Target, err)
	}
	if err := durable.Writable(job.Target); err != nil {
		return err
	}
	n.ClearOutputs()
	n.Describe(setup.Name, setup.DisplayName)
	dir, err := filepath.Abs(filepath.Dir(job.Source))
	if err != nil {
		return err
	}
	report.Start(job.Name(), executable(n))
	s, err := open(ctx, spec, dir)
	if err != nil {
		return fmt.Errorf("%s: %w", job.Source, err)
	}
	failure := execute(ctx, s, n, job, scrubber(s.process.Scratch, spec.Env), report)
	s.close()
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", job.Source, ErrInterrupted)
	}
	return errors.Join(failure, durable.WriteFile(job.Target, n.Bytes()))
}

// executable counts the cells that will be sent to the kernel.
func executable(n *notebook.Notebook) int {
	count := 0
	for _, c := range n.Cells {
		if runs(c) {
			count++
		}
	}
	return count
}

func runs(c *notebook.Cell) bool {
	return c.Type == notebook.Code && strings.TrimSpace(c.Source) != "" && !c.Tagged(skipTag)
}

// execute sends the cells and stores their outputs in the notebook.
func execute(ctx context.Context, s *session, n *notebook.Notebook, job Job, scrub func(string) string, report Reporter) error {
	collector := &notebook.Collector{Scrub: scrub}
	gathered := map[*notebook.Cell]*notebook.Outputs{}
	sources := map[int]string{}
	defer func() { // at the end, because a later cell may update the display of an earlier one
		for c, o := range gathered {
			c.Outputs = o.List()
		}
	}()
	count := 0
	for i, c := range n.Cells {
		if !runs(c) {
			continue
		}
		count++
		c.ExecutionCount, sources[count] = count, c.Source
		o := collector.Cell()
		gathered[c] = o
		began := time.Now()
		reply, err := executeCell(ctx, s, c.Source, job.Timeout, o, func(text string) { report.Text(job.Name(), text) })
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		if reply.Status == "error" && c.Tagged(mayFailTag) {
			err, reply.Status = nil, "ok"
		}
		if err != nil || reply.Status != "ok" {
			failure := &CellError{Notebook: job.Source, Cell: i + 1, Count: count, Err: err}
			if err != nil {
				failure.Message = err.Error()
				o.Fail("Kernel", err.Error(), []string{err.Error()})
			} else {
				failure.explain(reply, o.List(), sources, s.program())
			}
			return failure
		}
		report.Cell(job.Name(), count, time.Since(began))
	}
	return nil
}

func executeCell(ctx context.Context, s *session, source string, timeout time.Duration, o *notebook.Outputs, live func(string)) (jupyter.Reply, error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("timed out after %v; --timeout allows more", timeout))
		defer cancel()
	}
	return s.client.Execute(ctx, source, func(m jupyter.Message) { keep(o, m, live) })
}

// keep stores one message of a kernel among the outputs of its cell.
func keep(o *notebook.Outputs, m jupyter.Message, live func(string)) {
	var content struct {
		Name, Text     string
		Wait           bool
		Data, Metadata json.RawMessage
		Transient      struct {
			DisplayID string `json:"display_id"`
		}
		ExecutionCount int `json:"execution_count"`
		EName, EValue  string
		Traceback      []string
	}
	if json.Unmarshal(m.Content, &content) != nil {
		return // a message that breaks the protocol has nothing to show
	}
	switch m.Header.Type {
	case "stream":
		o.Stream(content.Name, content.Text)
		live(lastLine(content.Text))
	case "display_data":
		o.Show(notebook.Output{Type: notebook.DisplayData, Data: bundle(content.Data), Metadata: bundle(content.Metadata)},
			content.Transient.DisplayID)
	case "execute_result":
		o.Show(notebook.Output{Type: notebook.ExecuteResult, Data: bundle(content.Data), Metadata: bundle(content.Metadata),
			ExecutionCount: content.ExecutionCount}, content.Transient.DisplayID)
	case "update_display_data":
		o.Update(bundle(content.Data), bundle(content.Metadata), content.Transient.DisplayID)
	case "clear_output":
		o.Clear(content.Wait)
	case "error":
		o.Fail(content.EName, content.EValue, plain(content.Traceback))
	}
}

func bundle(raw json.RawMessage) map[string]any {
	v, err := notebook.ParseValue(raw)
	if b, ok := v.(map[string]any); ok && err == nil {
		return b
	}
	return map[string]any{}
}

func plain(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = ansi.ReplaceAllString(line, "")
	}
	return out
}
