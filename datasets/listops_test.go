package datasets_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sparse-attention/workbench/datasets"
)

// Values worked out by hand from the operators' definitions.
func TestListOpsValues(t *testing.T) {
	for _, c := range []struct {
		text          string
		length, value int
	}{
		{"[MAX 4 3 X", 4, 4},
		{"[MED 1 4 X", 4, 2},
		{"[MED 3 1 2 X", 5, 2},
		{"[MED 8 3 2 1 X", 6, 2},
		{"[MED 9 8 X", 4, 8},
		{"[SM 9 9 9 X", 5, 7},
		{"[SM [MAX 2 9 X [MIN 4 7 X 0 X", 11, 3},
		{"[MIN [SM 5 5 X [MED 7 8 X 3 X", 11, 0},
		{"( ( ( [MAX 4 ) 3 ) ] )", 4, 4},
		{"7", 1, 7},
	} {
		e, err := datasets.ParseListOps(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if len(e.IDs) != 1+c.length || int(e.Label) != c.value {
			t.Errorf("%s: %d tokens with CLS, value %d; want %d, %d", c.text, len(e.IDs), e.Label, 1+c.length, c.value)
		}
	}
}

// Every list's own value stands at its operator, and nowhere else.
func TestListOpsInnerValues(t *testing.T) {
	d, err := datasets.Open("listops-short", datasets.Options{Train: 200, Dev: 1, Test: 1, InnerValues: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.Train {
		words := strings.Fields(e.Text)
		if len(e.Inner) != len(e.IDs) || e.Inner[0] != -1 || e.Inner[1] != e.Label {
			t.Fatalf("%s = %d: %d labels for %d tokens, CLS %d, root %d", e.Text, e.Label, len(e.Inner), len(e.IDs), e.Inner[0], e.Inner[1])
		}
		for i, w := range words {
			want := int32(-1)
			if strings.HasPrefix(w, "[") {
				end, depth := i, 0
				for ; ; end++ {
					if strings.HasPrefix(words[end], "[") {
						depth++
					} else if words[end] == "X" {
						depth--
					}
					if depth == 0 {
						break
					}
				}
				list, err := datasets.ParseListOps(strings.Join(words[i:end+1], " "))
				if err != nil {
					t.Fatal(err)
				}
				want = list.Label
			}
			if e.Inner[1+i] != want {
				t.Fatalf("%s: label of token %d (%s) is %d, must be %d", e.Text, i, w, e.Inner[1+i], want)
			}
		}
	}
	for b := range datasets.Batches(d.Train, datasets.BatchOptions{Size: 7}) {
		for r := range b.Size {
			for c := range b.Tokens {
				want := int32(-1)
				if r < b.Count && c < int(b.Lengths[r]) {
					want = d.Train[b.Examples[r]].Inner[c]
				}
				if got := b.Inner[r*b.Tokens+c]; got != want {
					t.Fatalf("row %d, token %d of a batch: label %d, must be %d", r, c, got, want)
				}
			}
		}
	}
}

func TestListOpsTextForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tsv")
	e, err := datasets.ParseListOps("[MAX 4 3 X")
	if err != nil {
		t.Fatal(err)
	}
	nested, err := datasets.ParseListOps("[SM [MAX 2 9 X 0 X")
	if err != nil {
		t.Fatal(err)
	}
	if err := datasets.WriteListOps(path, []datasets.Example{e, nested}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "Source\tTarget\n( ( ( [MAX 4 ) 3 ) ] )\t4\n( ( ( [SM ( ( ( [MAX 2 ) 9 ) ] ) ) 0 ) ] )\t9\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestListOpsRoundTrip(t *testing.T) {
	d := open(t, "listops-short", datasets.Options{Train: 300, Dev: 1, Test: 1})
	path := filepath.Join(t.TempDir(), "a.tsv")
	if err := datasets.WriteListOps(path, d.Train); err != nil {
		t.Fatal(err)
	}
	back, err := datasets.ReadListOps(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d.Train, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// The statistics of the published rule at its own lengths, from a Monte Carlo run of 400,000 roots.
func TestListOpsStatistics(t *testing.T) {
	l := datasets.ListOpsLRA()
	l.Train, l.Dev, l.Test, l.Seed = 10000, 2000, 1, 5
	train, dev, _, err := l.Generate()
	if err != nil {
		t.Fatal(err)
	}
	digits, ops, roots := [10]int{}, map[string]int{}, map[string]int{}
	var lengths []float64
	for _, e := range train {
		tokens := strings.Fields(e.Text)
		if n := len(tokens); n < 501 || n > 1999 || n != len(e.IDs)-1 {
			t.Fatalf("length %d, %d ids; must be in 501..1999 and one less than the ids", n, len(e.IDs))
		}
		lengths = append(lengths, float64(len(tokens)))
		roots[tokens[0]]++
		depth, deepest := 0, 0
		var arguments []int
		for _, w := range tokens {
			if w != "X" && len(arguments) > 0 {
				arguments[len(arguments)-1]++
			}
			switch {
			case w == "X":
				n := arguments[len(arguments)-1]
				arguments = arguments[:len(arguments)-1]
				if n < 2 || n > 10 {
					t.Fatalf("a list of %d arguments, must be 2..10", n)
				}
				depth--
			case w[0] == '[':
				ops[w]++
				arguments = append(arguments, 0)
				depth++
				deepest = max(deepest, depth)
			default:
				digits[w[0]-'0']++
			}
		}
		if deepest > 9 {
			t.Fatalf("nesting %d, must be at most 9", deepest)
		}
	}
	slices.Sort(lengths)
	near(t, "mean length", datasets.MeanTokens(train)-1, 1038, 0.015*1038)
	near(t, "median length", lengths[5000], 955, 0.02*955)
	near(t, "length at 10 %", lengths[1000], 578, 0.02*578)
	near(t, "length at 90 %", lengths[9000], 1650, 0.02*1650)
	for i, want := range []float64{.173, .091, .079, .082, .087, .086, .078, .071, .088, .166} {
		// Four standard errors of 10,000 samples at 0.173 are 0.015.
		near(t, fmt.Sprintf("share of label %d", i), datasets.LabelShares(train, 10)[i], want, 0.015)
	}
	uniform(t, "digit", digits[:], 0.005)
	uniform(t, "operator", counts(ops), 0.005)
	uniform(t, "root operator", counts(roots), 0.02)
	near(t, "constant answer", datasets.ConstantAccuracy(train, train), 0.173, 0.015)
	near(t, "root operator's answer", datasets.RootOperatorAccuracy(train, train), 0.362, 0.02)
	near(t, "root operator's answer on dev", datasets.RootOperatorAccuracy(train, dev), 0.362, 0.045)
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s is %.4g, want %.4g +- %.2g", what, got, want, within)
	}
}

func counts(m map[string]int) (c []int) {
	for _, n := range m {
		c = append(c, n)
	}
	return c
}

func uniform(t *testing.T, what string, counts []int, within float64) {
	t.Helper()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	for i, n := range counts {
		near(t, fmt.Sprintf("share of %s %d of %d", what, i, len(counts)), float64(n)/float64(sum), 1/float64(len(counts)), within)
	}
}

func TestListOpsSameOnAnyNumberOfCores(t *testing.T) {
	l := datasets.ListOpsShort()
	l.Train, l.Dev, l.Test, l.Seed = 3000, 50, 50, 11
	var want []datasets.Example
	for _, cores := range []int{1, 2, 5} {
		before := runtime.GOMAXPROCS(cores)
		train, _, _, err := l.Generate()
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = train
		} else if diff := cmp.Diff(want, train); diff != "" {
			t.Fatalf("with GOMAXPROCS %d (-1 core +now):\n%.500s", cores, diff)
		}
	}
	l.Seed++
	other, _, _, err := l.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(want[0], other[0]) {
		t.Error("two seeds give the same first tree")
	}
}

func TestListOpsHasNoDuplicates(t *testing.T) {
	l := datasets.ListOps{MinLength: 3, MaxLength: 6, MaxDepth: 3, Train: 300, Dev: 50, Test: 20}
	train, dev, test, err := l.Generate()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range slices.Concat(train, dev, test) {
		if seen[e.Text] {
			t.Fatalf("%q occurs twice", e.Text)
		}
		seen[e.Text] = true
	}
}

func TestListOpsUsesUpItsSpace(t *testing.T) {
	// Length 4 only: an operator on two digits, 4 x 100 trees.
	l := datasets.ListOps{MinLength: 3, MaxLength: 5, MaxDepth: 2, Train: 399, Dev: 1, Test: 1}
	_, _, _, err := l.Generate()
	if err == nil || !strings.Contains(err.Error(), "about 400") {
		t.Errorf("401 trees of a space of 400: error %v", err)
	}
}

func TestListOpsBadFields(t *testing.T) {
	for field, spoil := range map[string]func(*datasets.ListOps){
		"MinLength": func(l *datasets.ListOps) { l.MinLength = l.MaxLength },
		"MaxLength": func(l *datasets.ListOps) { l.MinLength, l.MaxLength = 0, 4 },
		"MaxDepth":  func(l *datasets.ListOps) { l.MaxDepth = 1 },
		"Train":     func(l *datasets.ListOps) { l.Train = 0 },
		"Dev":       func(l *datasets.ListOps) { l.Dev = -1 },
		"Test":      func(l *datasets.ListOps) { l.Test = 0 },
	} {
		l := datasets.ListOpsShort()
		spoil(&l)
		if err := l.Validate(); err == nil || !strings.HasPrefix(err.Error(), "datasets: ListOps."+field+" is ") {
			t.Errorf("%s: error %v", field, err)
		}
	}
	l := datasets.ListOpsLRA()
	l.MaxDepth = 3 // at most 2 + 10*12 tokens
	if err := l.Validate(); err == nil || !strings.Contains(err.Error(), "must be below 122") {
		t.Errorf("MinLength 500 at depth 3: error %v", err)
	}
}

func TestListOpsParserRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "ends inside 0 lists",
		"[MAX 4":                    "ends inside 1 lists",
		"[MAX X":                    "0 arguments",
		"X":                         "closes no list",
		"[MAX 1 X 2":                "goes on behind its end",
		"[FIRST 1 2 X":              "[FIRST",
		"( ( [MAX 4 ) 3 ) ] )":      "nest to the left",
		"( ( ( [MAX 4 ) 3 ) ] ) ()": "must be a digit",
	} {
		if _, err := datasets.ParseListOps(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// An operator's value lies among its arguments for MIN, MAX and MED, and wrapping a value in a list of itself keeps it.
func TestListOpsOperatorsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 12).Draw(t, "digits")
		list := strings.Trim(fmt.Sprint(digits), "[]")
		value := func(op string) int {
			e, err := datasets.ParseListOps("[" + op + " " + list + " X")
			if err != nil {
				t.Fatal(err)
			}
			return int(e.Label)
		}
		lo, hi, med, sum := value("MIN"), value("MAX"), value("MED"), 0
		slices.Sort(digits)
		for _, d := range digits {
			sum += d
		}
		n := len(digits)
		if lo != digits[0] || hi != digits[n-1] || med != (digits[(n-1)/2]+digits[n/2])/2 || value("SM") != sum%10 {
			t.Fatalf("%v: MIN %d MAX %d MED %d SM %d", digits, lo, hi, med, value("SM"))
		}
	})
}

func FuzzParseListOps(f *testing.F) {
	for _, s := range []string{"[MAX 4 3 X", "( ( ( [MAX 4 ) 3 ) ] )", "7", "( 7 )", "[SM [SM 1 X", "", "] ] (", "[MED 1 2 ] ]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := datasets.ParseListOps(text)
		if err != nil {
			return
		}
		if e.Label < 0 || e.Label > 9 {
			t.Fatalf("%q has value %d", text, e.Label)
		}
		again, err := datasets.ParseListOps(e.Text)
		if err != nil || !cmp.Equal(e, again) {
			t.Fatalf("%q gives %q, which gives %+v, %v", text, e.Text, again, err)
		}
	})
}

func ExampleParseListOps() {
	e, err := datasets.ParseListOps("( ( ( ( [SM 9 ) 9 ) 9 ) ] )")
	if err != nil {
		panic(err)
	}
	fmt.Println(e.Text, "=", e.Label)
	// Output: [SM 9 9 9 X = 7
}

func ExampleListOpsShort() {
	l := datasets.ListOpsShort()
	train, dev, _, err := l.Generate()
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d trees, mean %.1f tokens with CLS\n", len(train), datasets.MeanTokens(train))
	fmt.Printf("right with one answer: %.1f %%, knowing the root operator: %.1f %%\n",
		100*datasets.ConstantAccuracy(train, dev), 100*datasets.RootOperatorAccuracy(train, dev))
	// Output:
	// 40000 trees, mean 45.7 tokens with CLS
	// right with one answer: 15.8 %, knowing the root operator: 32.5 %
}

func BenchmarkListOps(b *testing.B) {
	for name, l := range map[string]datasets.ListOps{"LRA": datasets.ListOpsLRA(), "Short": datasets.ListOpsShort()} {
		b.Run(name, func(b *testing.B) {
			l.Train, l.Dev, l.Test = 2000, 1, 1
			for i := range b.N {
				l.Seed = uint64(i)
				if _, _, _, err := l.Generate(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*2002/b.Elapsed().Seconds(), "trees/s")
		})
	}
}
