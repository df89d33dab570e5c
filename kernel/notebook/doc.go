// Package notebook reads and writes Jupyter notebooks, format 4 (https://nbformat.readthedocs.io): 4.0 to 4.5 in, 4.5 out.
// What it does not know it keeps. The bytes are those that Python's nbformat writes (keys sorted, one space of indent,
// text as arrays of lines), and hold no time and no random id, so that running a notebook twice gives one file.
//
//	Read, Parse, Notebook.Bytes    the file format
//	Cell, Output                   what is in it
//	Outputs                        collects what a kernel sends while a cell runs
//	Inject                         papermill's parameters, in Go
package notebook
