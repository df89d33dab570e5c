package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Example is one labelled text or image as token ids.
type Example struct {
	IDs    []int32  // without padding; the first is CLS
	Label  int32    // index into Dataset.Classes; 0 where the kind is another one than Classification
	Score  float32  // the target of a regression task, else 0
	Text   string   // what the ids were made from; two texts of a pair are joined by a tab
	Second int      // index in IDs of the first token of a pair's second text; 0 where there is one text
	Span   [2]int32 // first and last index into IDs of the answer to a question; both 0, the CLS token, without one
	Answer *Answer  // what the tokens of a span say; question answering only
	Image  *Image   // what the patch tokens show; images cut into patches only

	// Inner are labels of single tokens, -1 where a token has none; nil when only the whole has a label. They may help in
	// training and are never looked at in judging.
	Inner []int32
}

// Kind says what a model answers about an example.
type Kind uint8

const (
	Classification Kind = iota // Example.Label
	Regression                 // Example.Score
	Spans                      // Example.Span, a run of the example's tokens
	Language                   // the tokens themselves, from those before or around them
)

// Dataset is a task with its splits. Test is empty where the official test labels are not public.
type Dataset struct {
	Name             string
	Kind             Kind
	Classes          []string // names in label order; one entry, the name of what is answered, in the other kinds
	Vocabulary       *Vocabulary
	Train, Dev, Test []Example
}

// Overflow says what becomes of an example that is longer than Options.MaxTokens.
type Overflow uint8

const (
	Refuse   Overflow = iota // Open fails and names the first such example
	Truncate                 // its tail is cut
)

// Options of Open. The zero value of a field means the data set's own default; a field that a data set does not know is ignored.
type Options struct {
	Data string // data folder; empty: WORKBENCH_DATA, then ../shared/data beside the module (see DataRoot)
	Seed uint64 // of generation and sampling

	Train, Dev, Test int // examples per split; 0 = the data set's own number, or all that the files hold

	MaxTokens int      // longest example including CLS; 0 = no limit
	Overflow  Overflow // what to do beyond MaxTokens

	MinLength, MaxLength int // ListOps: both bounds are exclusive, in tokens without CLS
	MaxDepth             int // ListOps: nodes at this depth are digits; the root is at depth 1

	InnerValues bool // ListOps: Example.Inner holds the value of every list at its operator

	DocumentBytes int // gosource: bytes per document

	File  string // text, tsv, squad: a file of the user's own, in place of the data folder's
	Level Level  // what a token of a text is; empty = the data set's own; ignored when Vocabulary is given

	Patch   int // images: edge of the square patches in pixels
	Overlap int // images: pixels by which a patch reaches into its neighbours on every side

	ContourLength int // pathfinder: paddles of a long curve; 0 = 14, the hard level

	Vocabulary     *Vocabulary // reuse a trained model's vocabulary instead of building one
	VocabularySize int         // word level: most entries, the 5 reserved ones included
	MinCount       int         // word level: rarer words become the unknown token
	SentencesOnly  bool        // sst2: train on whole sentences only, without the phrases cut from them
}

// openers by data set name.
var openers = map[string]func(Options) (*Dataset, error){
	"listops":       func(o Options) (*Dataset, error) { return openListOps("listops", ListOpsLRA(), o) },
	"listops-short": func(o Options) (*Dataset, error) { return openListOps("listops-short", ListOpsShort(), o) },
}

// Names lists what Open knows, sorted.
func Names() []string { return slices.Sorted(maps.Keys(openers)) }

// Open reads or generates the data set called name. The error of a data set whose files are not on this machine
// matches ErrNoData, so that a caller can say so and go on.
func Open(name string, o Options) (*Dataset, error) {
	open, ok := openers[name]
	if !ok {
		return nil, fmt.Errorf("datasets: no data set is called %q, must be one of %s", name, strings.Join(Names(), ", "))
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	d, err := open(o)
	if err != nil {
		return nil, err
	}
	for _, s := range d.splits() {
		if err := limit(d.Name, s.name, s.examples, o); err != nil {
			return nil, err
		}
	}
	return d, nil
}

type split struct {
	name     string
	examples []Example
}

func (d *Dataset) splits() []split {
	return []split{{"train", d.Train}, {"dev", d.Dev}, {"test", d.Test}}
}

// Hash identifies the examples, ids and labels of all splits in their order, for a figure's provenance.
func (d *Dataset) Hash() string {
	h := sha256.New()
	for _, s := range d.splits() {
		fmt.Fprintf(h, "%s %d\n", s.name, len(s.examples))
		for _, e := range s.examples {
			binary.Write(h, binary.LittleEndian, [3]int32{int32(len(e.IDs)), e.Label, int32(math.Float32bits(e.Score))})
			binary.Write(h, binary.LittleEndian, e.IDs)
			if e.Image != nil {
				h.Write(e.Image.Pixels)
			}
			if e.Span != [2]int32{} {
				binary.Write(h, binary.LittleEndian, e.Span)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (o Options) validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"Train", o.Train}, {"Dev", o.Dev}, {"Test", o.Test}, {"MaxTokens", o.MaxTokens},
		{"MinLength", o.MinLength}, {"MaxLength", o.MaxLength}, {"MaxDepth", o.MaxDepth},
		{"DocumentBytes", o.DocumentBytes}, {"VocabularySize", o.VocabularySize}, {"MinCount", o.MinCount},
		{"Patch", o.Patch}, {"Overlap", o.Overlap}, {"ContourLength", o.ContourLength},
	} {
		if f.value < 0 {
			return fmt.Errorf("datasets: Options.%s is %d, must be at least 1, or 0 for the data set's own", f.name, f.value)
		}
	}
	if o.Overflow > Truncate {
		return fmt.Errorf("datasets: Options.Overflow is %d, must be Refuse (%d) or Truncate (%d)", o.Overflow, Refuse, Truncate)
	}
	return nil
}

// limit applies Options.MaxTokens to examples in place.
func limit(dataset, split string, examples []Example, o Options) error {
	if o.MaxTokens == 0 {
		return nil
	}
	for i := range examples {
		n := len(examples[i].IDs)
		if n <= o.MaxTokens {
			continue
		}
		if o.Overflow == Refuse {
			return fmt.Errorf("datasets: %s, %s example %d (%.40q) has %d tokens, must have at most %d (Options.MaxTokens)",
				dataset, split, i, examples[i].Text, n, o.MaxTokens)
		}
		e := &examples[i]
		e.IDs = slices.Clone(e.IDs[:o.MaxTokens]) // lets go of the tail
		if int(e.Span[1]) >= o.MaxTokens {
			e.Span = [2]int32{}
		}
		if e.Second >= o.MaxTokens {
			e.Second = 0
		}
		if e.Inner != nil {
			e.Inner = slices.Clone(e.Inner[:o.MaxTokens])
		}
	}
	return nil
}
