package transformer

import "context"

// Generate continues a text greedily: it reads prompt, at least one token, and appends the likeliest next token until the
// text has total tokens, or the model begins another text. The result starts with the prompt. Cancelling ctx ends it early.
func (n *Session) Generate(ctx context.Context, prompt []int32, total int) ([]int32, error) {
	text := append([]int32(nil), prompt...)
	total = min(total, n.decoder.Spec.Tokens)
	for i := 0; i < len(text); i++ {
		if err := ctx.Err(); err != nil {
			return text, err
		}
		logits, err := n.Step(text[i])
		if err != nil {
			return text, err
		}
		if i < len(text)-1 {
			continue
		}
		next := Likeliest(logits)
		if len(text) >= total || next == BeginToken {
			break
		}
		text = append(text, next)
	}
	return text, nil
}

// Likeliest is the first index of the largest logit.
func Likeliest(logits []float32) int32 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return int32(best)
}
