package rebert

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The wheel gives out all events of the earliest tick, whatever was added while it turned, around its end as well.
func TestWheelIsAQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reach := rapid.Int64Range(1, 300).Draw(t, "reach")
		var w wheel
		w.reset(reach)
		type due struct {
			at   int64
			word int32
		}
		var want []due
		word := int32(0)
		add := func() {
			delay := rapid.Int64Range(1, reach).Draw(t, "delay")
			w.after(delay, event{word: word})
			want = append(want, due{w.now + delay, word})
			word++
		}
		add()
		for w.pending > 0 {
			got := w.next(nil)
			slices.SortStableFunc(want, func(a, b due) int { return cmp.Compare(a.at, b.at) })
			if w.now != want[0].at {
				t.Fatalf("tick %d, earliest event at %d", w.now, want[0].at)
			}
			for len(want) > 0 && want[0].at == w.now {
				if !slices.Contains(got, event{word: want[0].word}) {
					t.Fatalf("tick %d: event %d is missing in %v", w.now, want[0].word, got)
				}
				got = slices.DeleteFunc(got, func(e event) bool { return e.word == want[0].word })
				want = want[1:]
			}
			if len(got) > 0 {
				t.Fatalf("tick %d: events of other ticks %v", w.now, got)
			}
			for range rapid.IntRange(0, 2).Draw(t, "more") {
				if word < 100 {
					add()
				}
			}
		}
		if len(want) > 0 {
			t.Fatalf("%d events never came", len(want))
		}
	})
}
