package datasets

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Answer is what the answers to a question say.
type Answer struct {
	Texts   []string   // every answer that counts as right
	Context string     // what the answer is a part of
	Bytes   [][2]int32 // by token: where in Context it begins and ends; {0,0} outside of the context
}

// Text is what a run of tokens says, first and last inclusive; empty where the run is none of the context.
func (a *Answer) Text(first, last int) string {
	if first < 0 || last < first || last >= len(a.Bytes) || a.Bytes[first][1] == 0 || a.Bytes[last][1] == 0 {
		return ""
	}
	return a.Context[a.Bytes[first][0]:a.Bytes[last][1]]
}

// spans encodes a question with its context and finds the tokens of the first answer, which begins at byte at and is length
// bytes long.
func (v *Vocabulary) spans(question, context string, at, length int) (e Example) {
	ids := append(v.Encode(question), SEP)
	e.Second = len(ids)
	a := &Answer{Context: context, Bytes: make([][2]int32, len(ids))}
	for _, w := range v.level.words(context) {
		before := len(ids)
		ids = v.append(ids, context[w[0]:w[1]])
		for range len(ids) - before {
			a.Bytes = append(a.Bytes, [2]int32{int32(w[0]), int32(w[1])})
		}
	}
	ids = append(ids, SEP)
	a.Bytes = append(a.Bytes, [2]int32{})
	for i, b := range a.Bytes {
		if b[1] > 0 && int(b[0]) < at+length && int(b[1]) > at {
			if e.Span[0] == 0 {
				e.Span[0] = int32(i)
			}
			e.Span[1] = int32(i)
		}
	}
	e.IDs, e.Answer = ids, a
	return e
}

// words gives the byte ranges of the units that a level encodes one by one.
func (l Level) words(text string) (out [][2]int) {
	if l == Bytes {
		for i := range len(text) {
			out = append(out, [2]int{i, i + 1})
		}
		return out
	}
	start := -1
	flush := func(i int) {
		if start >= 0 {
			out, start = append(out, [2]int{start, i}), -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			flush(i)
		case l != Words && l != Exact && (unicode.IsPunct(r) || unicode.IsSymbol(r)):
			flush(i)
			out = append(out, [2]int{i, i + utf8.RuneLen(r)})
		case start < 0:
			start = i
		}
	}
	flush(len(text))
	return out
}

// normaliseAnswer is the official script's: lower case, no punctuation, no articles, single blanks.
func normaliseAnswer(s string) []string {
	s = strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsPunct(r) || unicode.IsSymbol(r)) { // Python's string.punctuation
			return -1
		}
		return r
	}, strings.ToLower(s))
	return slices.DeleteFunc(strings.Fields(s), func(w string) bool { return w == "a" || w == "an" || w == "the" })
}

// AnswerScores are the official SQuAD v1.1 measures of one predicted answer against all that count as right, each in 0..1:
// exact is 1 where one of them is equal after normalisation, f1 the best overlap in words.
func AnswerScores(predicted string, right []string) (exact, f1 float64) {
	p := normaliseAnswer(predicted)
	for _, r := range right {
		g := normaliseAnswer(r)
		if slices.Equal(p, g) {
			exact = 1
		}
		f1 = max(f1, overlapF1(p, g))
	}
	return exact, f1
}

func overlapF1(p, g []string) float64 {
	if len(p) == 0 || len(g) == 0 { // no answer is right only where there is none
		if len(p) == len(g) {
			return 1
		}
		return 0
	}
	counts := map[string]int{}
	for _, w := range g {
		counts[w]++
	}
	same := 0.0
	for _, w := range p {
		if counts[w] > 0 {
			counts[w]--
			same++
		}
	}
	if same == 0 {
		return 0
	}
	precision, recall := same/float64(len(p)), same/float64(len(g))
	return 2 * precision * recall / (precision + recall)
}
