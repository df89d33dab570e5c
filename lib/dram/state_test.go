package dram

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestEqualStatesHaveEqualFutures repeats a stream until a state returns: from there on everything repeats.
func TestEqualStatesHaveEqualFutures(t *testing.T) {
	returned := 0
	rapid.Check(t, func(t *rapid.T) {
		s := anySpec(t)
		s.Controller.Refresh = rapid.SampledFrom([]RefreshMode{NoRefresh, s.Controller.Refresh}).Draw(t, "refresh or none")
		requests := anyRequests(t, s)
		requests = requests[:min(len(requests), 80)]
		length := requests[len(requests)-1].At + int64(rapid.IntRange(0, 3000).Draw(t, "pause"))
		var future []int64 // clocks of acceptance and completion, in the order of calls, from the start of a repetition
		var from int64
		served := 0
		y, err := New(s, func(c Completion) {
			served++
			future = append(future, int64(c.ID), c.Accepted-from, c.Done-from)
		})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		var futures [][]int64
		for i := range 12 {
			from = int64(i) * length
			key := fmt.Sprint(y.AppendState(nil, from))
			future, served = nil, 0
			for _, r := range requests {
				r.At += from
				taken, err := y.Push(r)
				if err != nil {
					t.Fatal(err)
				}
				future = append(future, taken-from)
			}
			if !y.Until(func() bool { return served >= len(requests)/2 }) {
				t.Fatalf("nothing left to do after %d of %d requests", served, len(requests))
			}
			if j, ok := seen[key]; ok {
				returned++
				if !slices.Equal(futures[j], future) {
					t.Fatalf("the state of repetition %d returns in %d, but what follows is %v and %v", j, i, futures[j], future)
				}
			}
			seen[key] = i
			futures = append(futures, future)
		}
	})
	if returned < 50 {
		t.Errorf("only %d states returned", returned)
	}
}

// TestUntilStopsAtOnce: work stops at the completion asked for, and reports when there is none to come.
func TestUntilStopsAtOnce(t *testing.T) {
	s := ReRAM()
	var done int
	y, err := New(s, func(c Completion) { done++ })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if _, err := y.Push(Request{ID: uint64(i), Addr: uint64(64 * i)}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		if n < done {
			continue
		}
		if !y.Until(func() bool { return done > n }) || done != n+1 {
			t.Fatalf("asked for %d completions, %d came", n+1, done)
		}
	}
	if y.Until(func() bool { return done > 40 }) {
		t.Error("a 41st request of 40 completed")
	}
}
