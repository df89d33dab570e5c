// Package cell is what a notebook cell calls to show things: figures, tables, verdicts, the progress of a training run, and
// a slider with a still twin. Outside a notebook the same calls print text, so that a cell's code also runs as a program.
//
// A cell must fail loudly and stay short. So the functions here do not return errors: [Check] prints the error with the
// line of the cell that called, and ends the program with status 1.
//
// What is shown stays in the executed notebook, which must come out again byte for byte. Live blocks therefore end in a
// text without times and speeds: the last update of a block replaces all others, and only that one is saved.
//
// Each call waits until the kernel has taken what it shows (gonbui.Sync), for a program that ends too early loses it.
package cell
