package datasets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseListOps reads an expression in the form that a model reads, "[MAX 4 3 X", or in the parenthesised form of the
// benchmark's files, "( ( ( [MAX 4 ) 3 ) ] )"; a list may be closed by X or ]. The label is the value. A list has at
// least one argument.
func ParseListOps(text string) (Example, error) {
	t, err := parseTree(text)
	if err != nil {
		return Example{}, fmt.Errorf("datasets: ListOps expression %w", err)
	}
	return t.example(), nil
}

func parseTree(text string) (tree, error) {
	type list struct {
		operator byte
		values   []byte
	}
	var open []list
	t := tree{}
	done, parentheses := false, false
	place := func(v byte) {
		if len(open) == 0 {
			t.value, done = v, true
			return
		}
		top := &open[len(open)-1]
		top.values = append(top.values, v)
	}
	for i, word := range strings.Fields(text) {
		if word == "(" || word == ")" {
			parentheses = true
			continue
		}
		symbol := slices.Index(symbols[:], word)
		if word == "]" {
			symbol = int(symbolEnd)
		}
		switch {
		case symbol < 0:
			return t, fmt.Errorf("token %d is %.20q, must be a digit, [MIN, [MAX, [MED, [SM, X or ]", i, word)
		case done:
			return t, fmt.Errorf("goes on behind its end with token %d, %q", i, word)
		case symbol < 10:
			place(byte(symbol))
		case byte(symbol) == symbolEnd:
			if len(open) == 0 {
				return t, fmt.Errorf("token %d, %q, closes no list", i, word)
			}
			top := open[len(open)-1]
			if len(top.values) == 0 {
				return t, fmt.Errorf("token %d, %q, closes a list of 0 arguments, must have at least 1", i, word)
			}
			open = open[:len(open)-1]
			place(apply(top.operator, top.values))
		default:
			open = append(open, list{operator: byte(symbol)})
		}
		t.tokens = append(t.tokens, byte(symbol))
	}
	if !done {
		return t, fmt.Errorf("ends inside %d lists after %d tokens", len(open), len(t.tokens))
	}
	if want := t.parenthesised(); parentheses && strings.Join(strings.Fields(text), " ") != want {
		return t, fmt.Errorf("has parentheses that do not nest to the left, must be like %.60q", want)
	}
	return t, nil
}

// parenthesised is the binary, left-nested form of the benchmark's files.
func (t tree) parenthesised() string {
	arguments := make([]int, len(t.tokens)) // of the list that begins here
	var open []int
	for i, s := range t.tokens {
		if len(open) > 0 && s != symbolEnd {
			arguments[open[len(open)-1]]++
		}
		switch {
		case s == symbolEnd:
			open = open[:len(open)-1]
		case s >= symbolMin:
			open = append(open, i)
		}
	}
	var b strings.Builder
	depth := 0
	for i, s := range t.tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch {
		case s == symbolEnd:
			b.WriteString("] )")
			depth--
		case s >= symbolMin:
			b.WriteString(strings.Repeat("( ", arguments[i]+1))
			b.WriteString(symbols[s])
			depth++
			continue
		default:
			b.WriteString(symbols[s])
		}
		if depth > 0 {
			b.WriteString(" )")
		}
	}
	return b.String()
}

// listOpsColumns are the header of the benchmark's files (lra_benchmarks/listops/input_pipeline.py).
var listOpsColumns = []string{"Source", "Target"}

// WriteListOps writes examples as the benchmark does: a header row, then expression and value separated by a tab.
func WriteListOps(path string, examples []Example) error {
	var b strings.Builder
	b.WriteString(strings.Join(listOpsColumns, "\t"))
	b.WriteByte('\n')
	for i, e := range examples {
		t, err := parseTree(e.Text)
		if err != nil {
			return fmt.Errorf("datasets: example %d: expression %w", i, err)
		}
		b.WriteString(t.parenthesised())
		b.WriteByte('\t')
		b.WriteString(strconv.Itoa(int(t.value)))
		b.WriteByte('\n')
	}
	return replaceFile(path, []byte(b.String()))
}

// ReadListOps reads the benchmark's files, such as basic_train.tsv, and those of WriteListOps. A target that is not the
// value of its expression is an error.
func ReadListOps(path string) ([]Example, error) {
	var examples []Example
	err := readFile(path, nil, func(t *table) error {
		e, err := listOpsRow(t)
		examples = append(examples, e)
		return err
	})
	return examples, err
}

func listOpsRow(t *table) (Example, error) {
	source, err := t.text(listOpsColumns[0])
	if err != nil {
		return Example{}, err
	}
	target, err := t.label(listOpsColumns[1], symbols[:10])
	if err != nil {
		return Example{}, err
	}
	parsed, err := parseTree(source)
	if err != nil {
		return Example{}, t.errorf("field Source: expression %v", err)
	}
	if int32(parsed.value) != target {
		return Example{}, t.errorf("field Target is %d, must be %d, the value of the expression", target, parsed.value)
	}
	return parsed.example(), nil
}
