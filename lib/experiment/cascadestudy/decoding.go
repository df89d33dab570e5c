package cascadestudy

import (
	"context"
	"fmt"

	"github.com/sparse-attention/workbench/lib/experiment"
	"github.com/sparse-attention/workbench/lib/fixedpoint"
	"github.com/sparse-attention/workbench/lib/published"
)

// DecodingPoint is one model under one setting.
type DecodingPoint struct {
	Model          string
	Setting        experiment.Decoding
	Score          experiment.Perplexity
	Increase, Half float64 // perplexity above the dense model's in percent, and the half width of its 95 % interval
}

// DecodingStudy is SpAtten's methods on decoders: each alone, and together.
type DecodingStudy struct {
	Models                                []experiment.LanguageModel
	Dense                                 []experiment.Perplexity
	Tokens, Heads, Values, Bits, Together []DecodingPoint
}

// DecodingOptions says which settings a study runs; a nil list is left out.
type DecodingOptions struct {
	TokenRatios []float64                // mean pruned share of tokens
	HeadRatios  []float64                // mean pruned share of heads
	Values      []float64                // kept share of values
	Bits        []fixedpoint.Progressive // splits of the keys' bits
	Together    []experiment.Decoding
}

// DecodingDefaults are the settings of the figures. Together holds the same settings for all models: one of
// the encoders' reduction, 1.9x, two of the decoders', 3.8x, by tokens and, where fewer layers leave less to tokens, by values
// too, and two planes of keys.
func DecodingDefaults() DecodingOptions {
	o := DecodingOptions{
		TokenRatios: []float64{0.3, 0.5, 0.7, 0.8, 0.9},
		HeadRatios:  []float64{0.125, 0.25, 0.375},
		Values:      []float64{0.7, 0.5, 0.3, 0.2, 0.1},
		Together: []experiment.Decoding{
			{TokenRatio: 0.6, Values: 0.7},
			{TokenRatio: 0.9, Values: 0.85},
			{TokenRatio: 0.9, Values: 0.3},
			{TokenRatio: 0.9, Values: 0.85, Progressive: progressive(8, 4)},
		},
	}
	for _, msb := range []int{4, 6, 8, 10, 12} {
		o.Bits = append(o.Bits, *progressive(msb, 4))
	}
	return o
}

func progressive(msb, lsb int) *fixedpoint.Progressive {
	p := fixedpoint.SpAttenProgressive()
	p.MSB, p.LSB = msb, lsb
	return &p
}

// StudyDecoding runs every setting on every model's passages.
func StudyDecoding(ctx context.Context, models []experiment.LanguageModel, o DecodingOptions) (*DecodingStudy, error) {
	s := &DecodingStudy{Models: models}
	for _, m := range models {
		prompted, err := experiment.Prompt(ctx, m.Decoder, m.Passages, 0)
		if err != nil {
			return nil, err
		}
		dense, err := prompted.Perplexity(ctx, experiment.Decoding{})
		if err != nil {
			return nil, err
		}
		s.Dense = append(s.Dense, dense)
		run := func(to *[]DecodingPoint, setting experiment.Decoding) error {
			score, err := prompted.Perplexity(ctx, setting)
			if err != nil {
				return err
			}
			p := DecodingPoint{Model: m.Title, Setting: setting, Score: score}
			p.Increase, p.Half, err = score.Increase(dense)
			*to = append(*to, p)
			return err
		}
		for _, kind := range []struct {
			to       *[]DecodingPoint
			settings []experiment.Decoding
		}{{&s.Tokens, o.tokens()}, {&s.Heads, o.heads()}, {&s.Values, o.values()}, {&s.Bits, o.bits()}, {&s.Together, o.Together}} {
			for _, setting := range kind.settings {
				if err := run(kind.to, setting); err != nil {
					return nil, err
				}
			}
		}
	}
	return s, nil
}

func (o DecodingOptions) tokens() (out []experiment.Decoding) {
	for _, r := range o.TokenRatios {
		out = append(out, experiment.Decoding{TokenRatio: r})
	}
	return out
}

func (o DecodingOptions) heads() (out []experiment.Decoding) {
	for _, r := range o.HeadRatios {
		out = append(out, experiment.Decoding{HeadRatio: r})
	}
	return out
}

func (o DecodingOptions) values() (out []experiment.Decoding) {
	for _, v := range o.Values {
		out = append(out, experiment.Decoding{Values: v})
	}
	return out
}

func (o DecodingOptions) bits() (out []experiment.Decoding) {
	for _, b := range o.Bits {
		out = append(out, experiment.Decoding{Progressive: &b})
	}
	return out
}

// Curves are perplexity increases in percent, a curve a model, for a line chart over the number at the end of the config:
// against the share of tokens, heads and values that are read, and against the bits of the first plane.
func (s *DecodingStudy) Curves() (tokens, heads, values, bits []published.Row) {
	of := func(figure string, points []DecodingPoint, x func(DecodingPoint) string) (rows []published.Row) {
		for _, p := range points {
			rows = append(rows, decodingRow(figure, p.Model, x(p), "perplexity_increase", "%", p.Increase))
		}
		return rows
	}
	return of("decoder-token-keep", s.Tokens, func(p DecodingPoint) string { return fmt.Sprintf("keep=%.3f", p.Score.Fetched.TokenKeep()) }),
		of("decoder-head-keep", s.Heads, func(p DecodingPoint) string { return fmt.Sprintf("keep=%.3f", p.Score.Fetched.HeadKeep()) }),
		of("decoder-value-keep", s.Values, func(p DecodingPoint) string { return fmt.Sprintf("keep=%.3f", p.Setting.Values) }),
		of("decoder-bits", s.Bits, func(p DecodingPoint) string { return fmt.Sprintf("bits=%d", p.Setting.Progressive.MSB) })
}

// LowShares is the share of a head's queries that needed the keys' low bits, in percent, over the bits of the first plane.
func (s *DecodingStudy) LowShares() (rows []published.Row) {
	for _, p := range s.Bits {
		rows = append(rows, decodingRow("decoder-lsb", p.Model, fmt.Sprintf("bits=%d", p.Setting.Progressive.MSB), "lsb_share", "%", 100*p.Score.Fetched.LowShare()))
	}
	return rows
}

func decodingRow(figure, model, config, metric, unit string, value float64) published.Row {
	return published.Row{System: "spatten", Figure: figure, Series: "SpAtten", Workload: model, Config: config, Metric: metric, Unit: unit, Value: value}
}

// Table lists what the settings cost and save.
func (s *DecodingStudy) Table() (headings []string, rows [][]string) {
	headings = []string{"model", "setting", "perplexity", "of a byte", "increase", "keys and values", "traffic", "tokens", "heads", "low bits"}
	for i, m := range s.Models {
		d := s.Dense[i]
		rows = append(rows, []string{m.Title, "dense", fmt.Sprintf("%.3f a %s", d.PerToken(), m.Unit), fmt.Sprintf("%.3f", d.PerByte()), "", "1", "1 (32 bits)", "100 %", "100 %", ""})
		for _, points := range [][]DecodingPoint{s.Tokens, s.Heads, s.Values, s.Bits, s.Together} {
			for _, p := range points {
				if p.Model == m.Title {
					rows = append(rows, p.cells(m.Unit))
				}
			}
		}
	}
	return headings, rows
}

func (p DecodingPoint) cells(unit string) []string {
	f := p.Score.Fetched
	low := ""
	if p.Setting.Progressive != nil {
		low = fmt.Sprintf("%.1f %%", 100*f.LowShare())
	}
	return []string{p.Model, p.Setting.String(), fmt.Sprintf("%.3f a %s", p.Score.PerToken(), unit), fmt.Sprintf("%.3f", p.Score.PerByte()),
		fmt.Sprintf("%+.2f ± %.2f %%", p.Increase, p.Half), fmt.Sprintf("%.2fx fewer", f.Reduction()), fmt.Sprintf("%.1fx less", f.TrafficReduction()),
		fmt.Sprintf("%.0f %%", 100*f.TokenKeep()), fmt.Sprintf("%.0f %%", 100*f.HeadKeep()), low}
}
