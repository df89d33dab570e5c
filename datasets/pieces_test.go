package datasets_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sparse-attention/workbench/datasets"
)

// Thirty times "lower lowest newest": the first joins are countable by hand.
func TestLearnPieces(t *testing.T) {
	text := strings.Repeat("Lower lowest newest! ", 30)
	v, err := datasets.LearnPieces(slices.Values([]string{text}), 5+9+5)
	if err != nil {
		t.Fatal(err)
	}
	// w and e follow each other in all three words (90 times); o wins a later tie because it sorts first.
	if got := v.Token(14); got != "##we" {
		t.Errorf("the first joined piece is %q, must be ##we", got)
	}
	ids := v.Encode("lowest newest zoo lower!")
	var tokens []string
	for _, id := range ids[1:] {
		tokens = append(tokens, v.Token(id))
	}
	whole := strings.ReplaceAll(strings.Join(tokens, " "), " ##", "")
	if whole != "lowest newest [UNK] lower !" {
		t.Errorf("tokens are %q", tokens)
	}
	again, err := datasets.LearnPieces(slices.Values([]string{text}), 5+9+5)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := v.MarshalJSON()
	b, _ := again.MarshalJSON()
	if diff := cmp.Diff(string(a), string(b)); diff != "" {
		t.Errorf("the same text gives other pieces: %s", diff)
	}
	if _, err := datasets.LearnPieces(slices.Values([]string{text}), 8); err == nil {
		t.Error("8 ids cannot hold the characters")
	}
}
