package pruning

import "fmt"

// BitSerial is LeOPArd's early termination: the key arrives sign first, then magnitude bits from the top, BitsPerCycle at
// a time; a bound on what the unread bits can still add ends the key as soon as it cannot reach the threshold. The
// decision is always the exact one.
type BitSerial struct {
	KeyBits      int // W: one sign bit and W-1 magnitude bits
	BitsPerCycle int
}

// LeOPArdBitSerial is 12-bit keys, which the buffer sizes of the paper fix, at 2 bits a cycle (assumed: the sheet's default).
func LeOPArdBitSerial() BitSerial { return BitSerial{KeyBits: 12, BitsPerCycle: 2} }

// Validate reports the first field out of range.
func (b BitSerial) Validate() error {
	if b.KeyBits < 2 || b.KeyBits > 16 {
		return fmt.Errorf("pruning: BitSerial.KeyBits is %d, must be in 2..16", b.KeyBits)
	}
	if b.BitsPerCycle < 1 || b.BitsPerCycle > b.KeyBits {
		return fmt.Errorf("pruning: BitSerial.BitsPerCycle is %d, must be in 1..%d (KeyBits)", b.BitsPerCycle, b.KeyBits)
	}
	return nil
}

// Cycles is how long a key takes when it is read to the end.
func (b BitSerial) Cycles() int { return (b.KeyBits + b.BitsPerCycle - 1) / b.BitsPerCycle }

// Bound is the state after some bits: the score of the bits read, and the most that the rest can add.
type Bound struct{ Score, Margin int64 }

// Outcome is what became of one key.
type Outcome struct {
	Kept   bool
	Cycles int // spent on the key
}

// Decide compares q.k with the integer threshold bit-serially. trace, when not nil, receives the bound after each cycle.
// Magnitudes of k must be below 1<<(KeyBits-1).
func (b BitSerial) Decide(q, k []int16, threshold int64, trace func(Bound)) Outcome {
	// Only products that the sign of the key makes positive can still grow; a zero key counts as positive.
	var positive int64
	k = k[:len(q)]
	for i, qi := range q {
		positive += max(0, signed(qi, k[i]))
	}
	for cycle := 1; ; cycle++ {
		unread := max(0, b.KeyBits-cycle*b.BitsPerCycle)
		at := Bound{Margin: positive * (1<<unread - 1)}
		read := int64(-1) << unread
		for i, qi := range q {
			at.Score += signed(qi, k[i]) * (signed(k[i], k[i]) & read)
		}
		if trace != nil {
			trace(at)
		}
		if at.Score+at.Margin < threshold {
			return Outcome{Kept: false, Cycles: cycle}
		}
		if unread == 0 {
			return Outcome{Kept: true, Cycles: cycle}
		}
	}
}

// signed is q times the sign of k, without a branch that half of the signs would mispredict.
func signed(q, k int16) int64 {
	negative := int64(k >> 15)
	return (int64(q) ^ negative) - negative
}
