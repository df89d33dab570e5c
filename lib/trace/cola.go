package trace

import (
	"strings"

	"github.com/sparse-attention/workbench/lib/attention"
)

// colaTokens and colaRows transcribe SPRINT's Figure 2 (digitised cell by cell): the keys that each query of the first
// layer keeps in a sentence of the CoLA task.
const colaTokens = "The more pictures of him that appear in the news , the more embarrassed John becomes."

const colaRows = `
.#.###....#.#...
.#.##.##..#.#...
......#......#.#
.#.#......#.#...
.####.....#.#.#.
.#.##..#..#.#...
.#..#.......#..#
.#.###....#.#...
.#.###....#.#...
..#...#..#...#.#
##.###..#.###...
##.###....#.#...
.#.#..##....#...
.#....#...#.#..#
..#.#.........#.
.#..#.#.....#..#`

// CoLA returns SPRINT's published example mask (Figure 2) with its tokens, queries and keys in the same order.
func CoLA() (tokens []string, mask *attention.Mask) {
	tokens = strings.Fields(colaTokens)
	mask = attention.NewMask(len(tokens), len(tokens))
	for t, row := range strings.Fields(colaRows) {
		for j, cell := range row {
			if cell == '#' {
				mask.Keep(t, j)
			}
		}
	}
	return tokens, mask
}
