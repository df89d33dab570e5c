package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

func init() { openers["squad"] = openSQuAD }

// The form of SQuAD's files, versions 1.1 and 2.0 (Rajpurkar et al., EMNLP 2016 and ACL 2018).
type (
	squadFile struct {
		Data []squadArticle `json:"data"`
	}
	squadArticle struct {
		Title      string           `json:"title"`
		Paragraphs []squadParagraph `json:"paragraphs"`
	}
	squadParagraph struct {
		Context string          `json:"context"`
		QAs     []squadQuestion `json:"qas"`
	}
	squadQuestion struct {
		ID         string        `json:"id"`
		Question   string        `json:"question"`
		Answers    []squadAnswer `json:"answers"`
		Impossible bool          `json:"is_impossible"`
	}
	squadAnswer struct {
		Text  string `json:"text"`
		Start int    `json:"answer_start"` // in code points
	}
)

// question is one question before it is encoded.
type question struct {
	article           int
	question, context string
	at, length        int // bytes of the first answer in context; length 0 where there is none
	answers           []string
}

// openSQuAD reads questions about paragraphs whose answers are spans. With the official train-v1.1.json the dev file is the dev
// split; otherwise one file, Options.File or XQuAD's English one (240 paragraphs of SQuAD's dev set; Artetxe et al., ACL 2020),
// is split by article: of eight articles six train, one is for the dev split and one for the test split.
func openSQuAD(o Options) (*Dataset, error) {
	d := &Dataset{Name: "squad", Kind: Spans, Classes: []string{"answer"}}
	var train, dev, test []question
	official, err := findAny(o.Data, filepath.Join("squad", "train-v1.1.json"))
	switch {
	case o.File == "" && err == nil:
		if train, err = readSQuAD(official); err != nil {
			return nil, err
		}
		if dev, err = readSQuAD(filepath.Join(filepath.Dir(official), "dev-v1.1.json")); err != nil {
			return nil, err
		}
	case o.File == "" && !errors.Is(err, ErrNoData):
		return nil, err
	default:
		path := o.File
		if path == "" {
			if path, err = findAny(o.Data, filepath.Join("squad", "xquad.en.json")); err != nil {
				return nil, err
			}
		}
		d.Name = strings.TrimSuffix(filepath.Base(path), ".json")
		if train, dev, test, err = splitByArticle(path); err != nil {
			return nil, err
		}
	}
	err = d.count(Pointed, func(yield func(string) bool) {
		last := ""
		for _, q := range train {
			if !yield(q.question) || q.context != last && !yield(q.context) {
				return
			}
			last = q.context
		}
	}, o)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		questions []question
		examples  *[]Example
	}{{train, &d.Train}, {dev, &d.Dev}, {test, &d.Test}} {
		for _, q := range s.questions {
			e := d.Vocabulary.spans(q.question, q.context, q.at, q.length)
			e.Text, e.Answer.Texts = q.question+"\t"+q.context, q.answers
			*s.examples = append(*s.examples, e)
		}
	}
	return d, d.thin(o)
}

func splitByArticle(path string) (train, dev, test []question, err error) {
	all, err := readSQuAD(path)
	for _, q := range all {
		switch q.article % 8 {
		case 6:
			dev = append(dev, q)
		case 7:
			test = append(test, q)
		default:
			train = append(train, q)
		}
	}
	return train, dev, test, err
}

func readSQuAD(path string) ([]question, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	return parseSQuAD(path, data)
}

func parseSQuAD(path string, data []byte) (out []question, err error) {
	var file squadFile
	if err := json.Unmarshal(data, &file); err != nil {
		at := int64(len(data))
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		if errors.As(err, &syntax) {
			at = syntax.Offset
		} else if errors.As(err, &kind) {
			at = kind.Offset
			err = fmt.Errorf("field %s is a %s, must be a %s", kind.Field, kind.Value, kind.Type)
		}
		return nil, fmt.Errorf("datasets: %s:%d: %w; is the file cut off?", path, 1+bytes.Count(data[:at], []byte("\n")), err)
	}
	for a, article := range file.Data {
		for p, paragraph := range article.Paragraphs {
			context := strings.ReplaceAll(paragraph.Context, "\t", " ") // one byte for one: places stay
			starts := codePoints(context)
			for _, qa := range paragraph.QAs {
				where := fmt.Sprintf("datasets: %s: article %d (%.40q), paragraph %d, question %.40q", path, a, article.Title, p, qa.ID)
				q := question{article: a, question: strings.TrimSpace(strings.ReplaceAll(qa.Question, "\t", " ")), context: context}
				if q.question == "" {
					return nil, fmt.Errorf("%s: field question has 0 tokens, must have at least 1", where)
				}
				if len(qa.Answers) == 0 && !qa.Impossible {
					return nil, fmt.Errorf("%s: field answers has 0 entries, must have at least 1 unless is_impossible", where)
				}
				for i, answer := range qa.Answers {
					text := strings.ReplaceAll(answer.Text, "\t", " ")
					if answer.Start < 0 || answer.Start >= len(starts) {
						return nil, fmt.Errorf("%s: field answer_start is %d, must be in 0..%d", where, answer.Start, len(starts)-1)
					}
					at := starts[answer.Start]
					if text == "" || !strings.HasPrefix(context[at:], text) {
						return nil, fmt.Errorf("%s: field answer_start is %d, where the context goes on %.20q, must be where %.40q begins",
							where, answer.Start, context[at:], text)
					}
					if i == 0 {
						q.at, q.length = at, len(text)
					}
					q.answers = append(q.answers, text)
				}
				if len(q.answers) == 0 {
					q.answers = []string{""} // the official script's form of no answer
				}
				out = append(out, q)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("datasets: %s has 0 questions, must have at least 1", path)
	}
	return out, nil
}

// codePoints is the byte at which each code point of text begins.
func codePoints(text string) []int {
	out := make([]int, 0, utf8.RuneCountInString(text))
	for i := range text {
		out = append(out, i)
	}
	return out
}
