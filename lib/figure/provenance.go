package figure

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Provenance says what made a figure. It stands inside each file. It holds neither date, path nor revision, so that the
// same code on the same data gives the same bytes.
type Provenance struct {
	Code   string // hash of the Go sources, see CodeHash
	Config string // hash of the configuration, see ConfigHash
	Data   string // hash of the data, see DataHash
	Seed   uint64
	Mode   string // "quick", "default" or "full"
}

// NewProvenance hashes config and the sources of packages, which are folders under the module's root such as
// "lib/accelerator/sprint", with all that they import from the module and this package itself. An empty data hash means
// that no data were used. Sources that cannot be found, as in a program of another module, give the code "unknown".
func NewProvenance(mode string, seed uint64, config any, data string, packages ...string) (Provenance, error) {
	c, err := ConfigHash(config)
	if err != nil {
		return Provenance{}, err
	}
	p := Provenance{Config: c, Data: data, Seed: seed, Mode: mode, Code: "unknown"}
	root, ok := moduleRoot()
	if !ok {
		return p, nil
	}
	if p.Code, err = CodeHash(root, packages...); err != nil {
		return Provenance{}, err
	}
	return p, nil
}

// ConfigHash is the hash of a configuration's JSON: exported fields only, map keys sorted.
func ConfigHash(config any) (string, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("figure: ConfigHash: %w", err)
	}
	return shortHash(bytes.NewReader(text))
}

// DataHash is the hash of the bytes of files, in the order given; the files' names do not matter.
func DataHash(files ...string) (string, error) {
	all := sha256.New()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("figure: DataHash: %w", err)
		}
		one := sha256.New()
		_, err = io.Copy(one, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("figure: DataHash: %s: %w", name, err)
		}
		all.Write(one.Sum(nil))
	}
	return hex.EncodeToString(all.Sum(nil)[:hashBytes]), nil
}

const hashBytes = 8 // 64 bits tell our figures apart; nobody forges them

func shortHash(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:hashBytes]), nil
}

// fields lists what the files hold, as name and value; what is not known is left out.
func (p Provenance) fields() [][2]string {
	var f [][2]string
	add := func(name, value string) {
		if value != "" {
			f = append(f, [2]string{name, value})
		}
	}
	add("code", p.Code)
	add("config", p.Config)
	add("data", p.Data)
	if p != (Provenance{}) {
		add("seed", strconv.FormatUint(p.Seed, 10))
	}
	add("mode", p.Mode)
	return f
}

// String is one line: "code 12ab... config 34cd... seed 1 mode quick".
func (p Provenance) String() string {
	var words []string
	for _, f := range p.fields() {
		words = append(words, f[0]+" "+f[1])
	}
	return strings.Join(words, " ")
}
