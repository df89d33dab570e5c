package elsa

// Stages is the time of one query in each stage, in cycles; real numbers, because the paper's equations do not round.
type Stages struct{ Hash, Selection, Attention, Division float64 }

// Slowest is the time of the query.
func (t Stages) Slowest() float64 { return max(t.Hash, t.Selection, t.Attention, t.Division) }

// Stages is the closed form of a query over n keys of which the fullest bank keeps c. Exact mode keeps all.
func (s Spec) Stages(n int, c float64) Stages {
	division := float64(s.Dim) / float64(s.Dividers)
	if s.Mode == Exact {
		return Stages{Attention: float64(n) / float64(s.AttentionModules), Division: division}
	}
	return Stages{
		Hash:      float64(s.HashMultiplications()) / float64(s.HashMultipliers),
		Selection: float64(n) / float64(s.AttentionModules*s.Selectors),
		Attention: c,
		Division:  division,
	}
}

// Preprocessing is the cycles that hash n keys and the first query; 0 in exact mode.
func (s Spec) Preprocessing(n int) float64 {
	if s.Mode == Exact {
		return 0
	}
	return float64(s.HashMultiplications()) * float64(n+1) / float64(s.HashMultipliers)
}

// Latency is the closed form of a head of n tokens whose queries' fullest banks keep c keys each, without drain.
func (s Spec) Latency(n int, c float64) float64 {
	return s.Preprocessing(n) + float64(n)*s.Stages(n, c).Slowest()
}

// Ideal is the cycles of a head of n tokens when every multiplier works in every cycle and nothing is approximated.
func (s Spec) Ideal(n int) float64 {
	return float64(n) * 2 * float64(n) * float64(s.Dim) / float64(s.Multipliers())
}

// Duty is what a head asks of the modules.
type Duty struct {
	Tokens   float64 // n: keys, and queries
	Compared float64 // (query, key) pairs whose hashes were compared
	Kept     float64 // pairs that reached the attention modules
}

// Busy is the cycles in which each module, or all modules of a kind together, work: its events.
func (s Spec) Busy(d Duty) [Modules]float64 {
	var b [Modules]float64
	division := d.Tokens * float64(s.Dim) / float64(s.Dividers)
	kept := d.Kept / float64(s.AttentionModules)
	b[AttentionComputation], b[KeySRAM], b[ValueSRAM] = kept, kept, kept
	b[OutputDivision] = division
	// Query and output memory take turns: together they are busy as long as the division (sheet 4.2, fitted to Fig. 13b).
	b[QuerySRAM], b[OutputSRAM] = division/2, division/2
	if s.Mode == Exact {
		return b
	}
	compared := d.Compared / float64(s.AttentionModules*s.Selectors)
	b[HashComputation] = 2 * d.Tokens * float64(s.HashMultiplications()) / float64(s.HashMultipliers) // keys and queries
	b[NormComputation] = d.Tokens
	b[CandidateSelection] = compared
	b[KeyHashSRAM], b[KeyNormSRAM] = d.Tokens+compared, d.Tokens+compared // a write a key, a read a comparison
	return b
}

// EndToEnd is Amdahl's law: the speedup of a model whose attention has the given share of time and runs faster by speedup.
func EndToEnd(share, speedup float64) float64 { return 1 / (1 - share + share/speedup) }
