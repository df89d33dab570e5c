package rebert

import "github.com/sparse-attention/workbench/lib/legal"

// Port says how writing a key and the inner product share the arrays that hold the keys.
type Port uint8

const (
	Single Port = iota // one array: a write and an inner product take turns, a whole step each (ReBERT-basic)
	Dual               // two copies take the upper and the lower half of the input bits: half a step each (ReBERT-advanced)
	Free               // writing takes no time: the pipeline with its data hazard alone ("ideal" of Fig. 13)

	ports
)

func (p Port) String() string { return legal.Name(p, "Port", "single", "dual", "free") }

// Scope says which columns of the key arrays an inner product converts.
type Scope uint8

const (
	Ring Scope = iota // all slots of the ring, min(2W+2, N), as the paper counts
	Kept              // only those that the mask keeps, fewer at both ends of the sentence

	scopes
)

func (s Scope) String() string { return legal.Name(s, "Scope", "ring", "kept") }

// ExtraKey says what the second extra slot of the paper's 2W+2 keys is; the paper does not.
type ExtraKey uint8

const (
	Writing  ExtraKey = iota // the slot that the next key is written to: a cost of hardware, no key of the mask
	FirstKey                 // key 0, the classification token, for every word
	NoExtra                  // a window of 2W+1 keys

	extraKeys
)

func (e ExtraKey) String() string {
	return legal.Name(e, "ExtraKey", "writing", "first key", "none")
}
