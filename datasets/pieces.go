package datasets

import (
	"cmp"
	"container/heap"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// inside marks a piece that does not begin a word, as in BERT's vocabulary files.
const inside = "##"

// longestWord is BERT's: a longer one is not cut but unknown.
const longestWord = 100

// rareCharacter is seen less often than this; a word that has one is unknown.
const rareCharacter = 20

// LearnPieces builds a vocabulary of level Pieces with at most size ids by byte-pair encoding (Sennrich et al., ACL 2016) on
// the lower-cased words of texts: it starts from single characters and joins, again and again, the pair that occurs most
// often; ties go to the pair that was made first.
func LearnPieces(texts iter.Seq[string], size int) (*Vocabulary, error) {
	counts := map[string]int{}
	for text := range texts {
		for _, w := range Pointed.split(text) {
			counts[w]++
		}
	}
	l := newPieceLearner(counts)
	if need := len(l.pieces) + int(reserved); size < need {
		return nil, fmt.Errorf("datasets: Options.VocabularySize is %d, must be at least %d: the text has %d characters", size, need, len(l.pieces))
	}
	for len(l.pieces)+int(reserved) < size && l.join() {
	}
	return NewVocabulary(Pieces, l.pieces)
}

// pieceLearner is byte-pair encoding in progress.
type pieceLearner struct {
	pieces []string
	words  []pieceWord
	pairs  map[piecePair]int              // occurrences
	where  map[piecePair]map[int]struct{} // words that had the pair at some time
	queue  pairQueue                      // counts may be out of date
}

type pieceWord struct {
	pieces []int32
	count  int
}

type piecePair [2]int32

func newPieceLearner(counts map[string]int) *pieceLearner {
	l := &pieceLearner{pairs: map[piecePair]int{}, where: map[piecePair]map[int]struct{}{}}
	characters := map[string]int{}
	sorted := slices.Sorted(maps.Keys(counts))
	for _, w := range sorted {
		for _, p := range characterPieces(w) {
			characters[p] += counts[w]
		}
	}
	ids := map[string]int32{}
	for _, c := range slices.Sorted(maps.Keys(characters)) {
		if characters[c] >= rareCharacter {
			ids[c] = int32(len(l.pieces))
			l.pieces = append(l.pieces, c)
		}
	}
	for _, w := range sorted {
		word := pieceWord{count: counts[w]}
		for _, p := range characterPieces(w) {
			id, ok := ids[p]
			if !ok {
				word.pieces = nil
				break
			}
			word.pieces = append(word.pieces, id)
		}
		if len(word.pieces) > 1 && len(w) <= longestWord {
			l.words = append(l.words, word)
			l.count(len(l.words)-1, 1)
		}
	}
	for p, n := range l.pairs {
		l.queue = append(l.queue, queuedPair{p, n})
	}
	heap.Init(&l.queue)
	return l
}

// characterPieces cuts a word into characters.
func characterPieces(word string) []string {
	var out []string
	for i, r := range word {
		c := word[i : i+max(1, utf8.RuneLen(r))]
		if i > 0 {
			c = inside + c
		}
		out = append(out, c)
	}
	return out
}

// count adds (sign 1) or takes away (sign -1) the pairs of a word.
func (l *pieceLearner) count(word, sign int) {
	w := l.words[word]
	for i := 1; i < len(w.pieces); i++ {
		p := piecePair{w.pieces[i-1], w.pieces[i]}
		l.pairs[p] += sign * w.count
		if sign > 0 {
			if l.where[p] == nil {
				l.where[p] = map[int]struct{}{}
			}
			l.where[p][word] = struct{}{}
		}
	}
}

// join makes one piece of the most frequent pair; false when no pair occurs twice.
func (l *pieceLearner) join() bool {
	for len(l.queue) > 0 {
		top := heap.Pop(&l.queue).(queuedPair)
		if now := l.pairs[top.pair]; now != top.count {
			if now > 1 {
				heap.Push(&l.queue, queuedPair{top.pair, now})
			}
			continue
		}
		if top.count < 2 {
			return false
		}
		made := int32(len(l.pieces))
		l.pieces = append(l.pieces, l.pieces[top.pair[0]]+strings.TrimPrefix(l.pieces[top.pair[1]], inside))
		touched := map[piecePair]struct{}{}
		for _, i := range slices.Sorted(maps.Keys(l.where[top.pair])) {
			l.count(i, -1)
			w := &l.words[i]
			joined := w.pieces[:0]
			for j := 0; j < len(w.pieces); j++ {
				if j+1 < len(w.pieces) && w.pieces[j] == top.pair[0] && w.pieces[j+1] == top.pair[1] {
					joined = append(joined, made)
					j++
					continue
				}
				joined = append(joined, w.pieces[j])
			}
			w.pieces = joined
			l.count(i, 1)
			for j := 1; j < len(joined); j++ {
				if joined[j-1] == made || joined[j] == made {
					touched[piecePair{joined[j-1], joined[j]}] = struct{}{}
				}
			}
		}
		delete(l.where, top.pair)
		delete(l.pairs, top.pair)
		for p := range touched {
			heap.Push(&l.queue, queuedPair{p, l.pairs[p]})
		}
		return true
	}
	return false
}

type queuedPair struct {
	pair  piecePair
	count int
}

// pairQueue has the most frequent pair on top.
type pairQueue []queuedPair

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(b.count-a.count, int(a.pair[0]-b.pair[0]), int(a.pair[1]-b.pair[1])) < 0
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(queuedPair)) }
func (q *pairQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// appendPieces cuts a word into the longest pieces from its front, as WordPiece does; a word that cannot be cut is Unknown.
func (v *Vocabulary) appendPieces(ids []int32, word string) []int32 {
	start := len(ids)
	if len(word) > longestWord {
		return append(ids, Unknown)
	}
	for at := 0; at < len(word); {
		prefix := ""
		if at > 0 {
			prefix = inside
		}
		end := len(word)
		for ; end > at; end-- {
			if id, ok := v.ids[prefix+word[at:end]]; ok {
				ids = append(ids, id)
				break
			}
		}
		if end == at {
			return append(ids[:start], Unknown)
		}
		at = end
	}
	return ids
}
