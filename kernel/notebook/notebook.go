package notebook

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Notebook is a notebook in memory.
type Notebook struct {
	Metadata map[string]any
	Cells    []*Cell

	minor int    // nbformat_minor, at least 5
	extra object // members that the format does not know
}

// CellType is "code", "markdown" or "raw".
type CellType string

// The types of cells.
const (
	Code     CellType = "code"
	Markdown CellType = "markdown"
	Raw      CellType = "raw"
)

// Cell is one cell. Outputs and ExecutionCount are those of a code cell.
type Cell struct {
	ID             string
	Type           CellType
	Source         string
	Metadata       map[string]any
	Outputs        []Output
	ExecutionCount int // 0 = not executed

	extra object // attachments, and members that the format does not know
}

// OutputType is "stream", "display_data", "execute_result" or "error".
type OutputType string

// The types of outputs.
const (
	Stream        OutputType = "stream"
	DisplayData   OutputType = "display_data"
	ExecuteResult OutputType = "execute_result"
	Error         OutputType = "error"
)

// Output is one output of a code cell; which fields count depends on Type.
type Output struct {
	Type           OutputType
	Name           string         // Stream: "stdout" or "stderr"
	Text           string         // Stream
	Data           map[string]any // DisplayData, ExecuteResult: MIME type to content
	Metadata       map[string]any // DisplayData, ExecuteResult
	ExecutionCount int            // ExecuteResult
	ErrorName      string         // Error
	ErrorValue     string         // Error
	Traceback      []string       // Error

	extra object
}

// Tags returns the tags of the cell's metadata.
func (c *Cell) Tags() []string {
	list, _ := c.Metadata["tags"].([]any)
	var tags []string
	for _, t := range list {
		if s, ok := t.(string); ok {
			tags = append(tags, s)
		}
	}
	return tags
}

// Tagged says whether the cell carries tag.
func (c *Cell) Tagged(tag string) bool { return slices.Contains(c.Tags(), tag) }

// ClearOutputs empties every code cell, as a run begins with.
func (n *Notebook) ClearOutputs() {
	for _, c := range n.Cells {
		c.Outputs, c.ExecutionCount = nil, 0
	}
}

// Describe names the notebook's language and kernel where its metadata does not yet. The language's version is left out:
// it would change the file with every release of Go.
func (n *Notebook) Describe(name, display string) {
	if _, ok := n.Metadata["kernelspec"]; !ok {
		n.Metadata["kernelspec"] = object{"name": name, "display_name": display, "language": "go"}
	}
	if _, ok := n.Metadata["language_info"]; !ok {
		n.Metadata["language_info"] = object{"name": "go", "file_extension": ".go", "mimetype": "text/x-go"}
	}
}

// Bytes is the content of the notebook's file.
func (n *Notebook) Bytes() []byte {
	cells := make([]any, len(n.Cells))
	for i, c := range n.Cells {
		cells[i] = c.object()
	}
	o := overlay(n.extra, object{
		"cells": cells, "metadata": orEmpty(n.Metadata), "nbformat": 4, "nbformat_minor": max(n.minor, 5),
	})
	var b bytes.Buffer
	encode(&b, o, 0)
	b.WriteByte('\n')
	return b.Bytes()
}

func (c *Cell) object() object {
	o := overlay(c.extra, object{
		"id": c.ID, "cell_type": string(c.Type), "metadata": orEmpty(c.Metadata), "source": splitLines(c.Source),
	})
	if attachments, ok := c.extra["attachments"].(object); ok {
		split := object{}
		for name, bundle := range attachments {
			split[name] = bundle
			if b, ok := bundle.(object); ok {
				split[name] = splitBundle(b)
			}
		}
		o["attachments"] = split
	}
	if c.Type == Code {
		outputs := make([]any, len(c.Outputs))
		for i, out := range c.Outputs {
			outputs[i] = out.object()
		}
		o["outputs"], o["execution_count"] = outputs, count(c.ExecutionCount)
	}
	return o
}

func (out Output) object() object {
	o := overlay(out.extra, object{"output_type": string(out.Type)})
	switch out.Type {
	case Stream:
		o["name"], o["text"] = out.Name, splitLines(out.Text)
	case ExecuteResult:
		o["execution_count"] = count(out.ExecutionCount)
		fallthrough
	case DisplayData:
		o["data"], o["metadata"] = splitBundle(out.Data), orEmpty(out.Metadata)
	case Error:
		traceback := make([]any, len(out.Traceback))
		for i, line := range out.Traceback {
			traceback[i] = line
		}
		o["ename"], o["evalue"], o["traceback"] = out.ErrorName, out.ErrorValue, traceback
	}
	return o
}

func count(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func orEmpty(o object) object {
	if o == nil {
		return object{}
	}
	return o
}

func overlay(under, over object) object {
	o := make(object, len(under)+len(over))
	for k, v := range under {
		o[k] = v
	}
	for k, v := range over {
		o[k] = v
	}
	return o
}

// ParseValue reads any JSON value in the form that metadata and MIME bundles keep: objects, arrays, strings, booleans and
// json.Number.
func ParseValue(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return v, nil
}
