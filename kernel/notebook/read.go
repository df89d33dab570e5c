package notebook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
)

// Read reads the notebook at path. The error names the file and, where it can, the line or the cell.
func Read(path string) (*Notebook, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%s: notebook: %w", path, err)
	}
	n, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// Parse reads a notebook of format 4.
func Parse(raw []byte) (*Notebook, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("notebook: line %d: %s", lineOf(raw, err), jsonText(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("notebook: more text after the end of the JSON object")
	}
	top, ok := v.(object)
	if !ok {
		return nil, errors.New("notebook: is not a JSON object")
	}
	major, minor := integer(top["nbformat"]), integer(top["nbformat_minor"])
	if major != 4 {
		return nil, fmt.Errorf("notebook: nbformat is %v, must be 4", show(top["nbformat"]))
	}
	if minor < 0 {
		return nil, fmt.Errorf("notebook: nbformat_minor is %v, must be 0 or more", show(top["nbformat_minor"]))
	}
	n := &Notebook{minor: minor, extra: without(top, "cells", "metadata", "nbformat", "nbformat_minor")}
	if n.Metadata, ok = member(top, "metadata"); !ok {
		return nil, errors.New("notebook: metadata is not an object")
	}
	cells, ok := top["cells"].([]any)
	if !ok {
		return nil, errors.New("notebook: cells is not an array")
	}
	seen := map[string]int{}
	for i, raw := range cells {
		c, err := parseCell(raw, i, minor)
		if err != nil {
			return nil, fmt.Errorf("notebook: cell %d: %w", i+1, err)
		}
		if first, twice := seen[c.ID]; twice {
			return nil, fmt.Errorf("notebook: cell %d: id %q is also that of cell %d, must be unique", i+1, c.ID, first)
		}
		seen[c.ID] = i + 1
		n.Cells = append(n.Cells, c)
	}
	return n, nil
}

var legalID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func parseCell(v any, index, minor int) (*Cell, error) {
	o, ok := v.(object)
	if !ok {
		return nil, errors.New("is not an object")
	}
	kind, _ := o["cell_type"].(string)
	c := &Cell{Type: CellType(kind), extra: without(o, "id", "cell_type", "metadata", "source")}
	if c.Type != Code && c.Type != Markdown && c.Type != Raw {
		return nil, fmt.Errorf("cell_type is %v, must be code, markdown or raw", show(o["cell_type"]))
	}
	if c.Source, ok = joinLines(o["source"]); !ok {
		return nil, errors.New("source is neither text nor an array of lines")
	}
	if c.Metadata, ok = member(o, "metadata"); !ok {
		return nil, errors.New("metadata is not an object")
	}
	switch id := o["id"].(type) {
	case string:
		c.ID = id
	case nil: // before 4.5 cells had no ids
		if minor >= 5 {
			return nil, errors.New("id is missing, must be there from nbformat 4.5 on")
		}
		c.ID = "cell-" + strconv.Itoa(index+1)
	}
	if !legalID.MatchString(c.ID) {
		return nil, fmt.Errorf("id is %v, must be 1 to 64 letters, digits, - or _", show(o["id"]))
	}
	if attachments, ok := c.extra["attachments"].(object); ok {
		joined := object{}
		for name, bundle := range attachments {
			joined[name] = bundle
			if b, ok := bundle.(object); ok {
				joined[name] = joinBundle(b)
			}
		}
		c.extra["attachments"] = joined
	}
	if c.Type != Code {
		return c, nil
	}
	c.extra = without(c.extra, "outputs", "execution_count")
	c.ExecutionCount = max(integer(o["execution_count"]), 0)
	outputs, ok := o["outputs"].([]any)
	if !ok {
		return nil, errors.New("outputs is not an array")
	}
	for i, raw := range outputs {
		out, err := parseOutput(raw)
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", i+1, err)
		}
		c.Outputs = append(c.Outputs, out)
	}
	return c, nil
}

func parseOutput(v any) (Output, error) {
	o, ok := v.(object)
	if !ok {
		return Output{}, errors.New("is not an object")
	}
	kind, _ := o["output_type"].(string)
	out := Output{Type: OutputType(kind)}
	known := []string{"output_type"}
	switch out.Type {
	case Stream:
		known = append(known, "name", "text")
		out.Name, _ = o["name"].(string)
		if out.Text, ok = joinLines(o["text"]); !ok {
			return out, errors.New("text is neither text nor an array of lines")
		}
	case DisplayData, ExecuteResult:
		known = append(known, "data", "metadata")
		data, ok := member(o, "data")
		if !ok {
			return out, errors.New("data is not an object")
		}
		out.Data = joinBundle(data)
		if out.Metadata, ok = member(o, "metadata"); !ok {
			return out, errors.New("metadata is not an object")
		}
		if out.Type == ExecuteResult {
			known = append(known, "execution_count")
			out.ExecutionCount = max(integer(o["execution_count"]), 0)
		}
	case Error:
		known = append(known, "ename", "evalue", "traceback")
		out.ErrorName, _ = o["ename"].(string)
		out.ErrorValue, _ = o["evalue"].(string)
		lines, _ := o["traceback"].([]any)
		for _, line := range lines {
			s, ok := line.(string)
			if !ok {
				return out, errors.New("traceback is not an array of lines")
			}
			out.Traceback = append(out.Traceback, s)
		}
	default:
		return out, fmt.Errorf("output_type is %v, must be stream, display_data, execute_result or error", show(o["output_type"]))
	}
	out.extra = without(o, known...)
	return out, nil
}

// integer is the value of a whole number, or -1.
func integer(v any) int {
	n, ok := v.(json.Number)
	if !ok {
		return -1
	}
	i, err := strconv.Atoi(n.String())
	if err != nil {
		return -1
	}
	return i
}

// member is the object at key; an absent one is empty.
func member(o object, key string) (object, bool) {
	v, there := o[key]
	if !there {
		return object{}, true
	}
	inner, ok := v.(object)
	return inner, ok
}

func without(o object, keys ...string) object {
	rest := object{}
	for k, v := range o {
		rest[k] = v
	}
	for _, k := range keys {
		delete(rest, k)
	}
	return rest
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "missing"
	case string:
		return strconv.Quote(v)
	case json.Number:
		return v.String()
	}
	return "of a wrong type"
}

func lineOf(raw []byte, err error) int {
	at := len(raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = min(at, int(syntax.Offset))
	}
	return 1 + bytes.Count(raw[:at], []byte("\n"))
}

func jsonText(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the file ends in the middle of its JSON"
	}
	return "is not JSON: " + err.Error()
}
