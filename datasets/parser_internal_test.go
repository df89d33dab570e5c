package datasets

import (
	"strings"
	"testing"
)

func FuzzParseIDX(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x01\x00\x00\x00\x02ab"), 1)
	f.Add([]byte("\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01a"), 3)
	f.Add([]byte("\x00\x00\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff"), 2)
	f.Fuzz(func(t *testing.T, data []byte, rank int) {
		if rank < 1 || rank > 3 {
			return
		}
		dims, values, err := parseIDX("f", data, rank)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "datasets: f") {
				t.Fatalf("error %v", err)
			}
			return
		}
		size := 1
		for _, d := range dims {
			size *= d
		}
		if size != len(values) || len(dims) != rank {
			t.Fatalf("%d values of %v", len(values), dims)
		}
	})
}

func FuzzParseCIFAR(f *testing.F) {
	f.Add(make([]byte, 3073))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		pictures, err := parseCIFAR("f", data)
		if err == nil && len(pictures)*3073 != len(data) {
			t.Fatalf("%d pictures of %d bytes", len(pictures), len(data))
		}
	})
}

func FuzzDecodeJPEG(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if pixels, err := decodeCIFAR(data); err == nil && len(pixels) != 3072 {
			t.Fatalf("%d pixel values", len(pixels))
		}
	})
}

func FuzzParseSynset(f *testing.F) {
	f.Add("00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 | that which is perceived  ", 1740)
	f.Add("x | ", 0)
	f.Fuzz(func(t *testing.T, text string, offset int) {
		e, err := parseSynset(text, offset)
		if err == nil && (e.Text == "" || e.Label < 0 || int(e.Label) >= len(lexicographers) || strings.Contains(e.Text, "\t")) {
			t.Fatalf("%+v", e)
		}
	})
}

func FuzzParseSQuAD(f *testing.F) {
	f.Add(`{"data": [{"title": "t", "paragraphs": [{"context": "Zwölf sit.", "qas": [{"id": "q", "question": "Who?", "answers": [{"answer_start": 0, "text": "Zwölf"}]}]}]}]}`)
	f.Add(`{"data": [{}]}`)
	f.Add(`{`)
	f.Fuzz(func(t *testing.T, text string) {
		questions, err := parseSQuAD("f", []byte(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "datasets: f") {
				t.Fatalf("error %v", err)
			}
			return
		}
		v := ByteVocabulary()
		for _, q := range questions {
			if q.length > 0 && q.context[q.at:q.at+q.length] != q.answers[0] {
				t.Fatalf("%+v", q)
			}
			e := v.spans(q.question, q.context, q.at, q.length)
			if int(e.Span[1]) >= len(e.IDs) || e.Span[0] > e.Span[1] || len(e.Answer.Bytes) != len(e.IDs) {
				t.Fatalf("span %v of %d tokens", e.Span, len(e.IDs))
			}
			if q.length > 0 && e.Answer.Text(int(e.Span[0]), int(e.Span[1])) != q.answers[0] {
				t.Fatalf("the span says %q, want %q", e.Answer.Text(int(e.Span[0]), int(e.Span[1])), q.answers[0])
			}
		}
	})
}

// The units that a question's context is cut into are those of the vocabulary itself.
func TestWordsAreTheLevelsOwn(t *testing.T) {
	for _, level := range []Level{Words, Pointed, Exact} {
		for _, text := range []string{"He said: \"U.S. $5\", twice.", "  Zwölf  Männer—sit ", "", "a"} {
			var parts []string
			for _, w := range level.words(text) {
				parts = append(parts, text[w[0]:w[1]])
			}
			want := strings.Join(level.split(text), " ")
			got := strings.Join(parts, " ")
			if level != Exact {
				got = strings.ToLower(got)
			}
			if got != want {
				t.Errorf("level %s: %q, want %q", level, got, want)
			}
		}
	}
}
