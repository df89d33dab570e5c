package processor

// spAtten is SpAtten's mean power (HPCA 2021, Table II), at which its energy ratios become watts.
const spAtten = 8.30

// layerStep is SpAtten's Table IV: 366.7 ms of GPT-2-Medium attention for 32 tokens through 24 layers on the TITAN Xp.
const layerStep = 366.7 * ms / (24 * 32)

// narrowStep is the same of GPT-2-Small. No paper prints its time, but two figures of SpAtten hold it: Fig. 15 gives SpAtten's
// own latency without head pruning (1.015, 0.797, 0.723 and 0.451 ms), and Fig. 14 the speedup with it (169, 211, 231 and
// 351). Their products have the geometric mean 166.2 ms; what head pruning gains is taken from GPT-2-Medium, 2.13 ms of
// Table IV over the 2.045 ms that Fig. 14 implies. Half of GPT-2-Medium, 183 ms, would have head pruning slow SpAtten down.
const narrowStep = 166.2 * ms * 2.045 / 2.13 / (12 * 32)

// TITANXp is SpAtten's GPU.
func TITANXp() Spec {
	return Spec{
		Name:       "TITAN Xp",
		Peak:       12e12,     // FP32: SpAtten Fig. 18
		Bandwidth:  547e9,     // assumed: the card's data sheet; never the limit here
		Efficiency: 0.11,      // assumed: what ELSA's V100 reaches on padded attention (see V100)
		Streaming:  0.8,       // assumed; never the limit here
		Launch:     layerStep, // assumed for BERT: the launch term of GPT-2
		Step:       [Widths]Seconds{narrowStep, layerStep},
		FCStep: [Widths]Seconds{
			364.2*ms/(12*32) - narrowStep, // Fig. 15: 364.2 ms end to end follow from its two widths of FC weights
			388.3 * ms / (24 * 32),        // Table IV
		},
		PadShort: 128, // assumed: the customary maximum for GLUE
		PadLong:  384, // assumed: the customary maximum for SQuAD
		// Fig. 14: energy ratio over speedup, geometric means of the groups.
		Summarising: 6.43 * spAtten, Generating: watts(8.36, 13.40),
	}
}

// Xeon is SpAtten's server processor, a Xeon E5-2640 v4.
func Xeon() Spec {
	return Spec{
		Name:   "Xeon E5-2640 v4",
		Launch: 0.63 * ms, PerToken: 0.0055 * ms, // fitted, see Anchors
		Step: steps(3.334, 4.019), // Fig. 14: latency over the TITAN Xp's
		FCStep: [Widths]Seconds{
			364.2*134.95/44.12*ms/(12*32) - 3.334*narrowStep, // Fig. 15: its 8-bit bars over both platforms
			(2960 - 1460) * ms / (24 * 32),                   // Fig. 2
		},
		Summarising: 11.45 * spAtten, Generating: watts(11.62, 13.18),
	}
}

// JetsonNano is SpAtten's mobile GPU.
func JetsonNano() Spec {
	return Spec{
		Name:   "Jetson Nano",
		Launch: 1.81 * ms, PerToken: 0.0195 * ms, // fitted
		Step:        steps(11.89, 15.39),                                // Fig. 14
		FCStep:      [Widths]Seconds{0, (9200 - 5630) * ms / (24 * 32)}, // Fig. 2
		Summarising: 0.311 * spAtten, Generating: watts(0.591, 0.606),
	}
}

// RaspberryPi is SpAtten's mobile processor, a Raspberry Pi 4.
func RaspberryPi() Spec {
	return Spec{
		Name:   "Raspberry Pi 4",
		Launch: 2.46 * ms, PerToken: 0.145 * ms, // fitted
		Step:        steps(85.09, 116.3), // Fig. 14
		Summarising: 0.375 * spAtten, Generating: watts(0.378, 0.387),
	}
}

// V100 is ELSA's GPU at its best batch.
func V100() Spec {
	return Spec{
		Name:       "V100",
		Peak:       14e12, // FP32: ELSA section V
		Bandwidth:  900e9, // assumed: the card's data sheet
		Efficiency: 0.11,  // fitted: Fig. 11(a), BERT on SQuAD v1.1, padded to 384: 1.54 TFLOPS
		Streaming:  0.8,   // assumed
		PadShort:   200,   // assumed for the recommenders
		PadLong:    512,   // assumed for RACE and IMDB; SQuAD is padded to 384
		// ELSA section V: board power, more than 240 W measured.
		Summarising: 250, Generating: watts(250/spAtten, 250/spAtten),
	}
}

// Platforms are the four of SpAtten's Fig. 14, in its order.
func Platforms() []Spec { return []Spec{TITANXp(), Xeon(), JetsonNano(), RaspberryPi()} }

// Anchor is a published bar that a constant was derived from.
type Anchor struct{ Platform, Workload string }

// Anchors are the bars of Fig. 14 that went into launch and per-token terms: for each platform but the TITAN Xp, the eleven
// of BERT-Base divided by the TITAN Xp's, which makes them ratios of latencies. The two terms are the least squares of the
// logarithms, over the sentence lengths of package spatten's tasks. BERT-Large takes no part.
func Anchors() []Anchor {
	var all []Anchor
	for _, p := range Platforms()[1:] {
		for _, task := range []string{"squad-v1", "squad-v2", "cola", "mnli-m", "mnli-mm", "mrpc", "qnli", "qqp", "rte", "sst2", "stsb"} {
			all = append(all, Anchor{p.Name, "bert-base-" + task})
		}
	}
	return all
}
