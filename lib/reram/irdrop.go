package reram

// firstOrder is the share of the voltage up to which the first-order loss is used (reference sheet of ReRAM, 4.2).
const firstOrder = 0.2

// LineLoss is the worst share of the voltage that a wire takes: n cells of conductance g microsiemens, all on, driven from
// one end, with ohm of wire between neighbours. First order: ohm g n(n+1)/2.
func LineLoss(ohm, g float64, n int) float64 {
	return ohm * g * 1e-6 * float64(n) * float64(n+1) / 2
}

// worstLoss is the loss of the cell that is farthest from both drivers.
func (a Array) worstLoss() float64 {
	return LineLoss(a.WireOhm, a.Cell.On(), a.RowsUsed) + LineLoss(a.WireOhm, a.Cell.On(), a.Cols)
}

// lineLoss writes the first-order loss at every cell of one line: the cell at distance i from the driven end loses
// ohm x sum over the cells s of min(i, s) g[s], distances counted from 1. The currents of the line scale with its own
// voltage, so the loss is a share and does not depend on the data that drives it.
func lineLoss(dst, g []float64, ohm float64) {
	var beyond float64 // conductance of the cells at or beyond this one
	for _, x := range g {
		beyond += x
	}
	loss := 0.0
	for i, x := range g {
		loss += ohm * 1e-6 * beyond // this piece of wire carries the current of all cells at or beyond it
		dst[i] = loss
		beyond -= x
	}
}
