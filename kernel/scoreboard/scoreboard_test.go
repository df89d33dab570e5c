package scoreboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var regen = flag.Bool("regen", false, "write the golden files")

const header = "system,figure,series,workload,config,metric,published,evidence,ours,ratio,class,verdict,reason\n"

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *regen {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (go test -regen writes it anew):\n%s", path, diff)
	}
}

// figures copies the folder of test figures, so that writing into it is no change of the checkout.
func figures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "figures"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWriteAgainstGoldenFiles(t *testing.T) {
	dir := figures(t)
	rows, err := Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 4 || rows[0].System != "SpAtten" || rows[1].System != "SPRINT" {
		t.Errorf("rows %v, must be 4 in the order of the folders", rows)
	}
	for _, name := range []string{BoardFile, IndexFile} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, got)
	}
	loaded, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, loaded); diff != "" {
		t.Error(diff)
	}
	var table, js bytes.Buffer
	if err := WriteTable(&table, loaded); err != nil {
		t.Fatal(err)
	}
	if err := WriteJSON(&js, loaded); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", table.Bytes())
	golden(t, "score.json", js.Bytes())
}

func TestJSONHasTheNamesOfTheTable(t *testing.T) {
	rows, err := Merge(filepath.Join("testdata", "figures"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, rows); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows   []map[string]any
		Totals Totals
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range Columns {
		if _, ok := got.Rows[0][name]; !ok {
			t.Errorf("row has no %q", name)
		}
	}
	if got.Rows[1]["ratio"] != 0.961 || got.Rows[3]["ours"] != nil {
		t.Errorf("ratio %v, absent value %v", got.Rows[1]["ratio"], got.Rows[3]["ours"])
	}
	if got.Totals.All[Pass] != 2 || got.Totals.Systems["SPRINT"][Fail] != 1 || got.Totals.Classes["not comparable"][NotApplicable] != 1 {
		t.Errorf("totals %+v", got.Totals)
	}
}

// Whatever the rows are, every row is counted once in each of the three ways.
func TestTotalsAddUp(t *testing.T) {
	rows, err := Merge(filepath.Join("testdata", "figures"))
	if err != nil {
		t.Fatal(err)
	}
	totals := Sum(rows)
	for _, group := range []map[string]Count{{"all": totals.All}, totals.Systems, totals.Classes} {
		sum := 0
		for _, c := range group {
			for _, v := range Verdicts {
				sum += c[v]
			}
		}
		if sum != len(rows) {
			t.Errorf("%v counts %d rows of %d", group, sum, len(rows))
		}
	}
}

func TestBadFiles(t *testing.T) {
	row := "S,f,s,w,c,m,1,printed,1,1,tight,pass,\n"
	for _, c := range []struct{ text, want string }{
		{"", "line 1: is empty, must be the header"},
		{"system,figure\n", "line 1"},
		{strings.Replace(header, "ours", "our", 1), "line 1: header is"},
		{header + row + "S,f,s\n", "line 3: wrong number of fields"},
		{header + strings.Replace(row, "pass", "maybe", 1), `line 2: verdict is "maybe", must be pass, fail or n/a`},
		{header + row + strings.Replace(row, ",1,1,", ",x,1,", 1), `line 3: ours is "x", must be a number or empty`},
		{header + strings.Replace(row, "S,", ",", 1), "line 2: system is empty"},
		{header + `S,"f` + "\n", "line 2"},
	} {
		_, err := Parse(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, must be one line with %q", c.text, err, c.want)
		}
	}
	dir := t.TempDir()
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "go run ./kernel figures") {
		t.Errorf("no scoreboard: error %v", err)
	}
	os.Mkdir(filepath.Join(dir, "paper"), 0o755)
	path := filepath.Join(dir, "paper", VerdictsFile)
	os.WriteFile(path, []byte(header+"S\n"), 0o644)
	if _, err := Write(dir); err == nil || !strings.HasPrefix(err.Error(), path+": line 2: ") {
		t.Errorf("error %v, must name %s and the line", err, path)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestNothingYetIsAnEmptyBoard(t *testing.T) {
	dir := t.TempDir()
	rows, err := Write(dir)
	if err != nil || len(rows) != 0 {
		t.Fatalf("rows %v, error %v", rows, err)
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, rows); err != nil || !strings.Contains(b.String(), `"rows": []`) {
		t.Errorf("%s, error %v", b.String(), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(header + "S,f,s,w,c,m,1,printed,1,1,tight,pass,because\n")
	f.Add(header + "S,\"f\n2\",s,w,c,m,,,,,,n/a,\"a \"\"b\"\"\"\n")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := Parse(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := Parse(bytes.NewReader(Bytes(rows)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows, again); diff != "" {
			t.Fatal(diff)
		}
		if err := WriteJSON(&bytes.Buffer{}, rows); err != nil {
			t.Fatal(err)
		}
	})
}

// The committed figures belong together: what the notebooks' library wrote can be read here, and the board and the page are
// made of it.
func TestCommittedFigures(t *testing.T) {
	dir := filepath.Join("..", "..", "figures")
	board, err := os.ReadFile(filepath.Join(dir, BoardFile))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no figures here: go run ./kernel figures")
	}
	if err != nil {
		t.Fatal(err)
	}
	rows, err := Merge(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(board), string(Bytes(rows))); diff != "" {
		t.Errorf("%s is not made of the verdicts beside it (-there +merged):\n%s", BoardFile, diff)
	}
	page, err := Page(dir, rows)
	if err != nil {
		t.Fatal(err)
	}
	if there, err := os.ReadFile(filepath.Join(dir, IndexFile)); err != nil || !bytes.Equal(there, page) {
		t.Errorf("%s shows something else, or cannot be read: %v", IndexFile, err)
	}
}
