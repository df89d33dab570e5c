package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sparse-attention/workbench/kernel/jupyter"
)

// startTimeout is how long a kernel may take until it answers; GoNB takes a second, on a loaded machine some.
const startTimeout = time.Minute

// attempts to start a kernel: one of its ports may be taken by another program before it can listen.
const attempts = 3

// session is a running kernel and the connection to it.
type session struct {
	process *jupyter.Process
	client  *jupyter.Client
}

func open(ctx context.Context, spec jupyter.Spec, dir string) (*session, error) {
	var err error
	for range attempts {
		var s *session
		if s, err = openOnce(ctx, spec, dir); err == nil || ctx.Err() != nil {
			return s, err
		}
	}
	return nil, err
}

func openOnce(ctx context.Context, spec jupyter.Spec, dir string) (*session, error) {
	p, err := jupyter.Start(spec, dir, environ())
	if err != nil {
		return nil, err
	}
	starting, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("no answer within %v", startTimeout))
	defer cancel()
	c, err := jupyter.Connect(starting, p.Connection, jupyter.Options{Process: p})
	if err != nil {
		p.Kill()
		if last := lastLine(p.Log()); last != "" && errors.Is(err, jupyter.ErrDied) {
			err = fmt.Errorf("%w: %s", err, last)
		}
		return nil, err
	}
	return &session{p, c}, nil
}

// close ends the kernel, by request if it listens and by force otherwise.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if s.process.Reason() == nil {
		_ = s.client.Shutdown(ctx)
	} else {
		s.client.Close()
	}
	s.process.Kill()
}

// program is the source that GoNB made of the cells, line by line; nil where there is none.
func (s *session) program() []string {
	found, _ := filepath.Glob(filepath.Join(s.process.Scratch, "gonb_*", "main.go"))
	if len(found) != 1 {
		return nil
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return nil
	}
	return strings.Split(string(text), "\n")
}

// environ is the environment of this process without the folders of PATH that hold gopls and nothing that a cell needs:
// GoNB would start it to serve an editor, and there is none.
func environ() []string {
	env := os.Environ()
	for i, pair := range env {
		path, ok := strings.CutPrefix(pair, "PATH=")
		if !ok {
			continue
		}
		var keep []string
		for _, dir := range filepath.SplitList(path) {
			if holds(dir, "gopls") && !holds(dir, "go") && !holds(dir, "sh") && !holds(dir, "gcc") {
				continue
			}
			keep = append(keep, dir)
		}
		env[i] = "PATH=" + strings.Join(keep, string(os.PathListSeparator))
	}
	return env
}

func holds(dir, program string) bool {
	_, err := exec.LookPath(filepath.Join(dir, program))
	return err == nil && dir != ""
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}
