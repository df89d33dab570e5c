package experiment

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/transformer"
)

// smallDecoder has random weights, large enough that attention is not flat.
func smallDecoder(t *testing.T) *transformer.Decoder {
	t.Helper()
	m, err := transformer.NewEncoder(transformer.LlamaSpec(3, 32, 4, 2, 48, 40, 19), 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Spec.Parameters() {
		v, err := m.Values(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Shape) == 2 {
			for i := range v {
				v[i] *= 12
			}
		}
		if err := m.SetValues(p.Name, p.Shape, v); err != nil {
			t.Fatal(err)
		}
	}
	d, err := transformer.NewDecoder(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func smallPassages() (out []Passage) {
	for i := range int32(3) {
		var ids []int32
		for j := range int32(40) {
			ids = append(ids, (7*j*j+3*i+5*j)%19)
		}
		out = append(out, Passage{Prompt: ids[:28], Text: ids[28:], Bytes: 22})
	}
	return out
}

func small(t *testing.T) *Prompted {
	t.Helper()
	p, err := Prompt(t.Context(), smallDecoder(t), smallPassages(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func score(t *testing.T, p *Prompted, o Decoding) Perplexity {
	t.Helper()
	s, err := p.Perplexity(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Nothing taken away is dense attention, and reads everything.
func TestDecodingOfNothingIsDense(t *testing.T) {
	p := small(t)
	got := score(t, p, Decoding{})
	for i, passage := range p.passages {
		session := p.decoder.NewSession(nil)
		want := 0.0
		ids := append(append([]int32(nil), passage.Prompt...), passage.Text...)
		for j, id := range ids[:len(ids)-1] {
			logits, err := session.Step(id)
			if err != nil {
				t.Fatal(err)
			}
			if j >= len(passage.Prompt) {
				want += surprise(logits, ids[j+1])
			}
		}
		if math.Abs(got.Loss[i]-want) > 1e-3 {
			t.Errorf("passage %d: loss is %v, dense attention has %v", i, got.Loss[i], want)
		}
	}
	f := got.Fetched
	if f.Keys != f.DenseKeys || f.Values != f.DenseValues || f.Bits != f.DenseBits || f.Heads != f.DenseHeads {
		t.Errorf("read %+v, must read everything", f)
	}
	// 3 passages, 11 tokens from the 29th on, 3 layers, 4 heads.
	if want := int64(3 * 3 * 4 * (29 + 39) * 11 / 2); f.DenseKeys != want {
		t.Errorf("dense keys are %d, must be %d", f.DenseKeys, want)
	}
}

// What each method saves is what it was told to save.
func TestDecodingReadsWhatItKeeps(t *testing.T) {
	p := small(t)
	half := score(t, p, Decoding{Values: 0.5}).Fetched
	if share := float64(half.Values) / float64(half.DenseValues); share > 0.5 || share < 0.48 || half.Keys != half.DenseKeys {
		t.Errorf("values read are %.3f and keys %d of %d, must be half and all", share, half.Keys, half.DenseKeys)
	}
	tokens := score(t, p, Decoding{TokenRatio: 0.5, Recent: 1}).Fetched // layers keep 100, 75, 25 %
	if keep := tokens.TokenKeep(); math.Abs(keep-2.0/3) > 0.03 || tokens.Heads != tokens.DenseHeads {
		t.Errorf("tokens kept are %.3f, must be about 0.667 with all heads", keep)
	}
	heads := score(t, p, Decoding{HeadRatio: 0.5}).Fetched // 4, 3, 1 of 4, and all in the first generated token's first layers
	if keep := heads.HeadKeep(); math.Abs(keep-2.0/3) > 0.03 {
		t.Errorf("heads kept are %.3f, must be about 0.667", keep)
	}
	never := fixedpoint.Progressive{MSB: 8, LSB: 4, Threshold: 0}
	always := fixedpoint.Progressive{MSB: 8, LSB: 4, Threshold: 1}
	a, b := score(t, p, Decoding{Progressive: &never}), score(t, p, Decoding{Progressive: &always})
	if a.Fetched.LowRows != 0 || a.Fetched.TrafficReduction() != 4 {
		t.Errorf("without low bits the traffic is %vx less with %d low rows, must be 4x with none", a.Fetched.TrafficReduction(), a.Fetched.LowRows)
	}
	if b.Fetched.LowShare() < 0.99 || math.Abs(b.Fetched.TrafficReduction()-64.0/20) > 0.02 {
		t.Errorf("with all low bits the traffic is %vx less, must be 3.2x", b.Fetched.TrafficReduction())
	}
}

// More bits come closer to real numbers, down to what 12-bit queries and probabilities leave.
func TestDecodingBits(t *testing.T) {
	p := small(t)
	dense := score(t, p, Decoding{})
	off := map[int]float64{}
	for _, msb := range []int{4, 8, 12} {
		s := score(t, p, Decoding{Progressive: &fixedpoint.Progressive{MSB: msb, LSB: 4, Threshold: 0.1}})
		for i := range s.Loss {
			off[msb] += math.Abs(s.Loss[i] - dense.Loss[i])
		}
	}
	if off[8] > off[4] || off[12] > 0.1 {
		t.Errorf("4+4, 8+4 and 12+4 bits are off by %v nats over %d tokens", off, dense.Tokens)
	}
}

func TestPerplexityNumbers(t *testing.T) {
	base := Perplexity{Loss: []float64{2 * math.Ln2, 2 * math.Ln2}, Tokens: 4, Bytes: 8}
	if got := base.PerToken(); math.Abs(got-2) > 1e-12 {
		t.Errorf("perplexity is %v, must be 2", got)
	}
	if got := base.BitsPerByte(); math.Abs(got-0.5) > 1e-12 {
		t.Errorf("bits per byte are %v, must be 0.5", got)
	}
	more := Perplexity{Loss: []float64{2*math.Ln2 + 0.2, 2 * math.Ln2}, Tokens: 4, Bytes: 8}
	percent, half, err := more.Increase(base)
	if err != nil {
		t.Fatal(err)
	}
	if want := 100 * (math.Exp(0.05) - 1); math.Abs(percent-want) > 1e-9 || half <= 0 {
		t.Errorf("increase is %v ± %v %%, must be %v", percent, half, want)
	}
	if _, _, err := more.Increase(Perplexity{Loss: []float64{1}, Tokens: 4}); err == nil {
		t.Error("different passages were paired")
	}
}

func TestDecodingIsRefusedByName(t *testing.T) {
	p := small(t)
	for want, o := range map[string]Decoding{
		"TokenRatio": {TokenRatio: 1}, "HeadRatio": {HeadRatio: -0.1}, "Values": {Values: 2}, "Rescale": {Rescale: 0.2},
		"Recent": {Recent: -1}, "Progressive.MSB": {Progressive: &fixedpoint.Progressive{MSB: 40, LSB: 4}},
	} {
		if _, err := p.Perplexity(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, must name %s", err, want)
		}
	}
}

// A pretrained decoder carries the paper's 3.8x fewer keys and values within 2 % of its perplexity.
func TestBabyLlamaCarriesThePapersReduction(t *testing.T) {
	b := pretrained[1]
	m, err := loadPretrained("", b.title, b.unit, b.model, b.tokens, 6)
	if errors.Is(err, datasets.ErrNoData) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	prompted, err := Prompt(t.Context(), m.Decoder, m.Passages, 0)
	if err != nil {
		t.Fatal(err)
	}
	dense, err := prompted.Perplexity(t.Context(), Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	setting := Decoding{TokenRatio: 0.9, Values: 0.85} // of cascadestudy.DecodingDefaults
	score, err := prompted.Perplexity(t.Context(), setting)
	if err != nil {
		t.Fatal(err)
	}
	increase, half, err := score.Increase(dense)
	if err != nil || score.Fetched.Reduction() < 3.8 || increase-half > 2 {
		t.Errorf("%v: %.2fx fewer keys and values at %+.2f ± %.2f %% (%v), must be 3.8x within 2 %%", setting, score.Fetched.Reduction(), increase, half, err)
	}
	s, err := m.Survive(t.Context(), "Once upon a time, there was a little dog", 90, setting)
	if err != nil {
		t.Fatal(err)
	}
	given, written := s.Text()
	if given != " Once upon a time, there was a little dog" || len(written) < 40 {
		t.Errorf("the text is %q + %q", given, written)
	}
	for l := 1; l < len(s.At); l++ {
		for j := range s.At[l] {
			if s.At[l][j] && !s.At[l-1][j] {
				t.Fatalf("token %d is in layer %d but not in the one before", j, l)
			}
		}
	}
}
