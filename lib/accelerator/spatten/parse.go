package spatten

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// columns of the authors' generation files.
var columns = []string{"iteration_id", "layer_id", "head_id", "embedding_length_D", "sentence_length_L", "key_fetch_num", "quant_key_bit",
	"quant_query_bit", "auto_requant_thres", "if_requant", "auto_requant_incre", "value_fetch_num", "quant_value_bit",
	"if_accumulate_importance", "if_rescale_previous_importance", "if_topk", "topk"}

// Write writes a generation workload as the authors' files have it, without the line that ends theirs.
func (w Workload) Write(out io.Writer) error {
	if w.Stage != Generation {
		return fmt.Errorf("spatten: Workload.Stage of %q is %v, must be generation: the files have no column for queries", w.Name, w.Stage)
	}
	b := bufio.NewWriter(out)
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c)
	}
	b.WriteByte('\n')
	boolean := func(v bool) string {
		if v {
			return "True"
		}
		return "False"
	}
	for _, r := range w.Rows {
		fmt.Fprintf(b, "%d,%d,%d,%d.0,%d,%d,%d,%d,%s,%s,%d,%d,%d,%s,%s,%s,%d\n", r.Iteration, r.Layer, r.Head, r.Dim, r.Length, r.Keys, r.KeyBits,
			r.QueryBits, strconv.FormatFloat(r.Threshold, 'f', -1, 64), boolean(r.LSB), r.LSBBits, r.Values, r.ValueBits,
			boolean(r.Accumulate), boolean(r.Rescale), boolean(r.Rank), r.Keep)
	}
	return b.Flush()
}

// Parse reads a file of that form; errors name it as file, with line and column. A line whose first field is no number,
// as the path that ends the authors' files, is skipped when it is the last.
func Parse(file string, in io.Reader) (Workload, error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = len(columns)
	header, err := r.Read()
	if err != nil {
		return Workload{}, fmt.Errorf("spatten: %s:1: header: %w", file, err)
	}
	for i, c := range columns {
		if header[i] != c {
			return Workload{}, fmt.Errorf("spatten: %s:1: column %d is %q, must be %q", file, i+1, header[i], c)
		}
	}
	w := Workload{Name: file, Stage: Generation, Seed: 1}
	trailer := 0
	for {
		f, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Workload{}, fmt.Errorf("spatten: %s: %w", file, err)
		}
		line, _ := r.FieldPos(0)
		if trailer > 0 {
			return Workload{}, fmt.Errorf("spatten: %s:%d: iteration_id is no number, must be one except in the last line", file, trailer)
		}
		if _, err := strconv.Atoi(f[0]); err != nil {
			trailer = line
			continue
		}
		row, err := parseRow(f)
		if err != nil {
			return Workload{}, fmt.Errorf("spatten: %s:%d: %w", file, line, err)
		}
		w.Rows = append(w.Rows, row)
	}
	return w, w.Validate()
}

func parseRow(f []string) (Row, error) {
	var err error
	fail := func(i int, legal string) {
		if err == nil {
			err = fmt.Errorf("%s is %q, must be %s", columns[i], f[i], legal)
		}
	}
	integer := func(i int) int {
		v, e := strconv.ParseFloat(f[i], 64) // some files write 64.0
		if e != nil || v != float64(int32(v)) {
			fail(i, "a whole number")
			return 0
		}
		return int(v)
	}
	boolean := func(i int) bool {
		if f[i] != "True" && f[i] != "False" {
			fail(i, "True or False")
		}
		return f[i] == "True"
	}
	r := Row{Iteration: integer(0), Layer: integer(1), Head: integer(2), Dim: integer(3), Length: integer(4), Queries: 1, Keys: integer(5),
		KeyBits: integer(6), QueryBits: integer(7), LSB: boolean(9), LSBBits: integer(10), Values: integer(11), ValueBits: integer(12),
		Accumulate: boolean(13), Rescale: boolean(14), Rank: boolean(15), Keep: integer(16)}
	t, e := strconv.ParseFloat(f[8], 64)
	if e != nil {
		fail(8, "a number")
	}
	r.Threshold = t
	return r, err
}
