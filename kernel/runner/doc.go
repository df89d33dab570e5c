// Package runner executes notebooks: it starts a kernel for each, sends the code cells one after the other, keeps what
// comes back, and writes the executed notebook, also when a cell fails.
//
//	Run         one notebook
//	RunAll      several, some at a time
//	CellError   which cell failed, where and why
//	Progress    a live line on a terminal, plain lines elsewhere
//
// An executed notebook is a function of its source and of what its cells compute: no times, no process ids, no names of
// scratch folders, and one order of outputs (see notebook.Outputs) stay in it.
package runner
