package dram_test

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/dram"
)

// "HBM2" is not one thing: two public readings of the standard differ by more than a factor of two on random reads.
func Example() {
	for _, reading := range []dram.Reading{dram.DRAMsim3, dram.Ramulator} {
		s := dram.HBM2(reading)
		trace := dram.Reads(dram.Random(100_000, 1, 1<<30, 64), 64, s.AccessBytes)
		st, err := dram.Run(s, trace, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %.0f of %.0f GB/s\n", s.Name, st.Bandwidth()/1e9, s.PeakBandwidth()/1e9)
	}
	// Output:
	// HBM2 (DRAMsim3): 61 of 256 GB/s
	// HBM2 (Ramulator 2.1): 152 of 256 GB/s
}

// An accelerator hands over reads with the clock at which each may start and learns when the data are there.
func ExampleSystem() {
	arrived := make([]int64, 4)
	memory, err := dram.New(dram.HBM2(dram.DRAMsim3), func(c dram.Completion) { arrived[c.ID] = c.Done })
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, r := range []dram.Request{
		{Addr: 0x0000, At: 0},    // opens a row
		{Addr: 0x0200, At: 100},  // another bank
		{Addr: 0x0000, At: 200},  // the first row is still open
		{Addr: 1 << 30, At: 200}, // another row of the first bank
	} {
		r.ID = uint64(i)
		if _, err := memory.Push(r); err != nil {
			fmt.Println(err)
			return
		}
	}
	st := memory.Drain()
	fmt.Println(arrived, st.RowHits, "hit,", st.RowConflicts, "conflict")
	// Output: [32 132 218 251] 1 hit, 1 conflict
}

// A bulk move: the weights of a 768 x 768 layer in bytes, then its result written back.
func ExampleSystem_Move() {
	memory, err := dram.New(dram.HBM2(dram.Ramulator), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	loaded, err := memory.Move(dram.Transfer{Addr: 0, Bytes: 768 * 768})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, err := memory.Move(dram.Transfer{Addr: 1 << 24, Bytes: 768, At: loaded + 500, Kind: dram.Write})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("loaded after", loaded, "clocks, stored after", stored)
	// Output: loaded after 2351 clocks, stored after 2891
}

// One query of SPRINT: copy it into the array, wait for the comparators, read which keys survive.
func ExampleReRAM() {
	memory, err := dram.New(dram.ReRAM(), func(c dram.Completion) { fmt.Println(c.Kind, "done at", c.Done) })
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, k := range []dram.Kind{dram.Threshold, dram.ReadPruning} {
		if _, err := memory.Push(dram.Request{Kind: k}); err != nil {
			fmt.Println(err)
			return
		}
	}
	memory.Drain()
	// Output:
	// CopyQ done at 7
	// ReadP done at 25
}
