package datasets

import (
	"bytes"
	"cmp"
	"fmt"
	"go/build"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// family is a class of gosource: the packages under some folders of the standard library.
type family struct {
	name    string
	folders []string // relative to GOROOT/src; an internal/ in front of a package's path is ignored
}

// families are ten groups of packages with at least 500 KB of hand-written code each (Go 1.26), none of it shared.
var families = []family{
	{"crypto", []string{"crypto", "hash"}},
	{"encoding", []string{"encoding"}},
	{"net", []string{"net", "mime"}},
	{"system", []string{"os", "syscall", "poll", "path", "io", "time"}},
	{"go", []string{"go", "types", "pkgbits", "buildcfg"}},
	{"math", []string{"math", "sort", "slices", "container"}},
	{"text", []string{"text", "html", "regexp", "strings", "bytes", "unicode", "strconv", "fmt", "bufio"}},
	{"runtime", []string{"runtime", "reflect", "sync", "abi", "cpu"}},
	{"media", []string{"archive", "compress", "image", "zstd"}},
	{"diagnostics", []string{"testing", "log", "debug", "trace", "fuzz", "coverage", "profile", "bisect"}},
}

// defaultDocument is 256 tokens with CLS.
const defaultDocument = 255

// Share of each family's documents that dev and test each take their packages for.
const heldOutShare = 0.12

func init() { openers["gosource"] = openGoSource }

// openGoSource classifies documents cut from the Go standard library by package family, byte for byte.
//
// A document is a run of whole lines of at most DocumentBytes bytes and at least half of that, taken from behind the
// import block: the licence, build tags, package comment, package clause and imports would give the family away.
// Identifiers such as tls.Conn stay, they are the evidence that is wanted. Tests, test data, vendored, generated and
// command packages are left out. Whole packages, with all that lies below them, go to one split, the same for every seed;
// exact duplicates are dropped. The texts are those of the Go installation at hand, so another Go version gives
// other examples.
func openGoSource(o Options) (*Dataset, error) {
	d := &Dataset{Name: "gosource", Vocabulary: ByteVocabulary()}
	for _, f := range families {
		d.Classes = append(d.Classes, f.name)
	}
	// Assumed sizes: about 3/4 of what the smallest family fills at 255 bytes in Go 1.26, so that other versions do too.
	return d, d.cut(o, 16000, balanced)
}

// cut fills the splits with examples that draw makes of the packages of each; train is the default size of the first.
func (d *Dataset) cut(o Options, train int, draw func(packages []goPackage, n int, seed uint64) ([]Example, error)) error {
	length := cmp.Or(o.DocumentBytes, defaultDocument)
	if length < 32 || length > 1<<16 {
		return fmt.Errorf("datasets: Options.DocumentBytes is %d, must be in 32..%d", length, 1<<16)
	}
	root, err := goSourceRoot()
	if err != nil {
		return err
	}
	packages, err := goPackages(root, length)
	if err != nil {
		return err
	}
	parts := assign(packages)
	for i, s := range []struct {
		name     string
		examples *[]Example
		want     int
	}{{"Train", &d.Train, cmp.Or(o.Train, train)}, {"Dev", &d.Dev, cmp.Or(o.Dev, 2000)}, {"Test", &d.Test, cmp.Or(o.Test, 2000)}} {
		if *s.examples, err = draw(parts[i], s.want, o.Seed+uint64(i)); err != nil {
			return fmt.Errorf("datasets: %s, %d-byte documents: Options.%s is %d, %w", d.Name, length, s.name, s.want, err)
		}
	}
	return nil
}

// goSourceRoot is the src folder of the Go installation: the GOROOT of the environment or of this program, else the one
// that the go command reports.
func goSourceRoot() (string, error) {
	if src, err := findGoSource(build.Default.GOROOT); err == nil {
		return src, nil
	}
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		out = nil
	}
	return findGoSource(build.Default.GOROOT, string(bytes.TrimSpace(out)))
}

// findGoSource gives the src folder of the first root that has one with the runtime in it.
func findGoSource(roots ...string) (string, error) {
	missing := &NoDataError{Want: "Go source", Remedy: "set GOROOT to a Go installation that has its src folder, or install your distribution's package of Go's source"}
	for _, r := range roots {
		if r == "" {
			continue
		}
		src := filepath.Join(r, "src")
		if info, err := os.Stat(filepath.Join(src, "runtime")); err == nil && info.IsDir() {
			return filepath.EvalSymlinks(src) // a link on Debian, and a walk does not follow its root
		}
		missing.Looked = append(missing.Looked, src)
	}
	if len(missing.Looked) == 0 {
		missing.Looked = []string{"GOROOT (unset)", "go env GOROOT"}
	}
	return "", missing
}

// assign gives whole packages to train, dev and test. Largest first, each goes where the most is wanting, so a family's
// biggest package trains.
func assign(packages []goPackage) (splits [3][]goPackage) {
	target := [3]float64{1 - 2*heldOutShare, heldOutShare, heldOutShare}
	for f := range families {
		var own []goPackage
		total := 0.0
		for _, p := range packages {
			if p.family == f && len(p.documents) > 0 {
				own = append(own, p)
				total += float64(len(p.documents))
			}
		}
		slices.SortFunc(own, func(a, b goPackage) int {
			return cmp.Or(len(b.documents)-len(a.documents), strings.Compare(a.path, b.path))
		})
		var have [3]float64
		for _, p := range own {
			best := 0
			for s := range target {
				if target[s]*total-have[s] > target[best]*total-have[best] {
					best = s
				}
			}
			have[best] += float64(len(p.documents))
			splits[best] = append(splits[best], p)
		}
	}
	return splits
}

// balanced draws n documents of the packages, the families in equal number (the first ones have one more when n is no
// multiple of ten), in random order.
func balanced(packages []goPackage, n int, seed uint64) ([]Example, error) {
	byFamily := make([][]string, len(families))
	for _, p := range packages {
		byFamily[p.family] = append(byFamily[p.family], p.documents...)
	}
	scarce := 0
	for f := range byFamily {
		if len(byFamily[f]) < len(byFamily[scarce]) {
			scarce = f
		}
	}
	vocabulary := ByteVocabulary()
	rng := rand.New(rand.NewPCG(seed, mix(seed)))
	examples := make([]Example, 0, n)
	for f, documents := range byFamily {
		want := n / len(families)
		if f < n%len(families) {
			want++
		}
		if want > len(documents) {
			return nil, fmt.Errorf("must be at most %d: family %s has no more", len(byFamily[scarce])*len(families), families[scarce].name)
		}
		for _, i := range rng.Perm(len(documents))[:want] {
			examples = append(examples, Example{IDs: vocabulary.Encode(documents[i]), Label: int32(f), Text: documents[i]})
		}
	}
	rng.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
	return examples, nil
}
