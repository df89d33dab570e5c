package sprint

import "github.com/sparse-attention/workbench/lib/legal"

// Mode is what the machine does for a head. All modes run on the same CORELETs, buffers and memory.
type Mode uint8

const (
	Baseline Mode = iota // every key of every query, padded ones too
	MaskOnly             // Baseline without the padded rows and columns (2-D sequence reduction)
	Pruning              // all keys loaded and scored on chip; softmax and values for survivors only
	SPRINT               // thresholded in memory: only survivors are loaded, re-scored and used

	modes
)

func (m Mode) String() string {
	return legal.Name(m, "Mode", "Baseline", "Mask Only", "Pruning", "SPRINT")
}

// Residency says how long a key stays on chip.
type Residency uint8

const (
	Table Residency = iota // until the buffer needs its place
	Row                    // until the next query does not need it: what the R and L vectors alone can know

	residencies
)

func (r Residency) String() string { return legal.Name(r, "Residency", "table", "row") }

// Replacement says which key makes room.
type Replacement uint8

const (
	LRU  Replacement = iota // the least recently used
	FIFO                    // the least recently loaded

	replacements
)

func (r Replacement) String() string { return legal.Name(r, "Replacement", "LRU", "FIFO") }

// HitRatio says what Mask Only finds in the buffer, which pins part of the keys and streams the rest.
type HitRatio uint8

const (
	Padded HitRatio = iota // pinned slots are spread over the padded length: a share B/N of the valid keys hits
	Valid                  // padding is removed before buffering: valid keys are pinned first

	hitRatios
)

func (h HitRatio) String() string { return legal.Name(h, "HitRatio", "padded", "valid") }

// MemoryBound says whether the machine waits for its memory.
type MemoryBound uint8

const (
	Hidden    MemoryBound = iota // never: memory cycles are reported apart (Fig. 11 is compute-bound)
	Bandwidth                    // for the peak bandwidth of the channels
	Banks                        // for commands, banks and buses, key by key

	memoryBounds
)

func (m MemoryBound) String() string {
	return legal.Name(m, "MemoryBound", "hidden", "bandwidth", "banks")
}
