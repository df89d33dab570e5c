package trace

import "math"

// SPRINT returns the eight workloads of SPRINT's evaluation as one head each; vary Seed for more heads.
//
// Tokens, the valid fraction and the pruning rate are the values that Figures 10 and 11 imply (reference sheet, 4.1,
// derived). The correlation is the only free number: fitted once, with SPRINTFit, on the S column of Figure 10, whose S
// rows therefore count as fitted; M and L are predictions. Synth-1 and Synth-2 keep more keys a query (256, 512) than S
// can hold (128), so that their S traffic says nothing about locality (it lies at or below the least possible); they
// take the value of GPT-2-L, the trained workload that is half padded as they are.
func SPRINT() []Synthesis {
	make := func(name string, tokens int, valid, pruned, correlation float64) Synthesis {
		return Synthesis{
			Name: name, Tokens: tokens, Valid: int(math.Round(valid * float64(tokens))), PruningRate: pruned,
			Dim: 64, Bits: 8, // one vector of 64 bytes (reference sheet, 3.1)
			Locality: Correlation(correlation), Seed: 1,
		}
	}
	return []Synthesis{
		make("BERT-B", 384, 0.55, 0.796, 0.656),
		make("BERT-L", 384, 0.504, 0.807, 0.743),
		make("ALBERT-XL", 384, 0.487, 0.726, 0.553),
		make("ALBERT-XXL", 384, 0.487, 0.776, 0.594),
		make("ViT-B", 197, 1, 0.643, 0.401),
		make("GPT-2-L", 1024, 0.50, 0.766, 0.737),
		make("Synth-1", 2048, 0.50, 0.75, 0.737),
		make("Synth-2", 4096, 0.50, 0.75, 0.737),
	}
}

// SPRINTFit is the locality that the S bar of Figure 10 asks of a workload: reduction is the bar, a share in 0..1. It
// solves the traffic equations of the reference sheet (4.2) for the new keys a query at 128 resident keys.
func SPRINTFit(s Synthesis, reduction float64) Locality {
	const capacity = 128    // vectors in each buffer of S (sheet, 3.1)
	const firstLoads = 4.6  // vectors a token beside the streamed ones (sheet, 4.2: floors of Figure 10)
	const withNewKeys = 2.0 // of these, the first load of a key and a value is among the new keys
	n, valid := float64(s.Tokens), float64(s.Valid)
	baseline := 2*n*max(n-capacity, 0) + firstLoads*n
	vectors := (1-reduction)*baseline - (firstLoads-withNewKeys)*valid
	return NewKeyRate(vectors/2/valid/n, capacity)
}
