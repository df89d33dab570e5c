package cell

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
)

// Tests put their own in place; nil stands for the process's.
var (
	outTo, errTo io.Writer
	exit         = os.Exit
)

func stdout() io.Writer {
	if outTo != nil {
		return outTo
	}
	return os.Stdout
}

func stderr() io.Writer {
	if errTo != nil {
		return errTo
	}
	return os.Stderr
}

// Check ends the program with status 1 when err is not nil, after printing the caller's line and, as the last line, the
// error. GoNB turns the line of the program into that of the cell.
func Check(err error) {
	if err == nil {
		return
	}
	if at := caller(); at != "" {
		fmt.Fprintf(stderr(), "at %s\n", at)
	}
	fmt.Fprintln(stderr(), strings.ReplaceAll(err.Error(), "\n", "; "))
	gonbui.Sync()
	exit(1)
}

// Must returns v, or ends the program like Check.
func Must[T any](v T, err error) T {
	Check(err)
	return v
}

// caller is the place nearest to here that is not in this package, as file:line.
func caller() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(1, pc)])
	for {
		f, more := frames.Next()
		if f.Function != "" && (!strings.Contains(f.Function, "workbench/lib/cell.") || strings.HasSuffix(f.File, "_test.go")) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
}
