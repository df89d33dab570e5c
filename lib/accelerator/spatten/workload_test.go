package spatten_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/lib/accelerator/spatten"
	"github.com/sparse-attention/workbench/lib/published"
)

// The rules give the authors' files byte for byte, without their last line.
func TestAuthorsFiles(t *testing.T) {
	for i, want := range []string{
		"7b8950839ed923e3cdd49dbb2ea4bcdb6270e15d348bfcf8686f020c9bd1d784",
		"5f41e9a8485f632060e80d7b5ad967d56633eb1462d6a5b44dc7647f3226a740",
		"558ffad5dd41a68dafc10b88233ab2f461c94037e8b2e2eb202cb2d0ce291342",
		"053d2a7b5c8d271412932e0b18a04b09573c9e7cd237f7594bb4c5e314aabbf6",
	} {
		w := spatten.Authors()[i]
		var b bytes.Buffer
		if err := w.Write(&b); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b.Bytes())
		if got := hex.EncodeToString(sum[:]); got != want {
			head, _, _ := strings.Cut(b.String(), "\n0,1")
			t.Errorf("%s: %s, want %s; begins\n%s", w.Name, got, want, head)
		}
		b.WriteString("configs/gpt2.yaml,,,,,,,,,,,,,,,,\n")
		back, err := spatten.Parse(w.Name, &b)
		if err != nil {
			t.Fatal(err)
		}
		if len(back.Rows) != len(w.Rows) {
			t.Fatalf("%s: %d rows back, wrote %d", w.Name, len(back.Rows), len(w.Rows))
		}
		for j := range w.Rows {
			if back.Rows[j] != w.Rows[j] {
				t.Fatalf("%s: row %d is %+v, wrote %+v", w.Name, j, back.Rows[j], w.Rows[j])
			}
		}
	}
}

// The published sums over the files.
func TestAuthorsTotals(t *testing.T) {
	for _, w := range spatten.Authors() {
		s := w.Totals()
		for _, row := range published.Figure("spatten", "workload-csv") {
			if row.Workload != w.Name {
				continue
			}
			var ours float64
			switch row.Metric {
			case "rows":
				ours = float64(s.Rows)
			case "keys_read":
				ours = float64(s.Keys)
			case "values_read":
				ours = float64(s.Values)
			case "requantized_rows":
				ours = float64(s.LSBRows)
			case "dram_traffic":
				ours = s.Traffic / 1e6
			case "work":
				ours = s.Operations / 1e9
			case "bandwidth_bound_time":
				ours = s.Traffic / 512e9 * 1e3
			default:
				continue // reductions are over the dense file of the same model
			}
			if math.Abs(ours/row.Value-1) > 5e-4 && ours != row.Value {
				t.Errorf("%s: %s is %v, published %v", w.Name, row.Metric, ours, row.Value)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	w := spatten.AuthorsSmall()
	w.Rows = w.Rows[:2]
	var b bytes.Buffer
	if err := w.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(b.String() + "path,,,,,,,,,,,,,,,,\n"))
	f.Add([]byte(strings.Replace(b.String(), "993", "9e99", 1)))
	f.Add([]byte(strings.Replace(b.String(), "True", "yes", 1)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := spatten.Parse("fuzz", bytes.NewReader(data))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "spatten: ") {
				t.Fatalf("error %q names no package", err)
			}
			return
		}
		var b bytes.Buffer
		if err := w.Write(&b); err != nil {
			t.Fatal(err)
		}
		if again, err := spatten.Parse("fuzz", &b); err != nil || len(again.Rows) != len(w.Rows) {
			t.Fatalf("%v; %d rows, then %d", err, len(w.Rows), len(again.Rows))
		}
	})
}

// Ratios outside (0,1] are refused by name, and a bit split that the converter does not take by its row.
func TestKeepIsRefusedByName(t *testing.T) {
	for want, change := range map[string]func(*spatten.Keep){
		"Keep.Corpora[2] is 1,":     func(k *spatten.Keep) { k.Corpora[2] = 1 },
		"Keep.Corpora[0] is NaN":    func(k *spatten.Keep) { k.Corpora[0] = math.NaN() },
		"Keep.Values[1] is 0,":      func(k *spatten.Keep) { k.Values[1] = 0 },
		"Keep.Values[0] is 1.2":     func(k *spatten.Keep) { k.Values[0] = 1.2 },
		"Keep.Heads is -0.1":        func(k *spatten.Keep) { k.Heads = -0.1 },
		"Keep.LSB is 2":             func(k *spatten.Keep) { k.LSB = 2 },
		"Keep.Slope is -1":          func(k *spatten.Keep) { k.Slope = -1 },
		"Rows[0].KeyBits is 7":      func(k *spatten.Keep) { k.KeyBits = 7 },
		"Rows[0].QueryBits is 1000": func(k *spatten.Keep) { k.QueryBits = 1000 },
	} {
		k := spatten.Declared()
		change(&k)
		if _, err := k.Workload(spatten.Benchmarks()[22]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, must say %q", err, want)
		}
	}
}
