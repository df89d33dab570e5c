package jupyter

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Process is a running kernel process with a scratch folder of its own, which holds its connection file and is its
// TMPDIR; both end with Kill.
type Process struct {
	Connection Connection
	Scratch    string // absolute path

	spec   Spec
	cmd    *exec.Cmd
	log    tail
	exited chan struct{}
	reason error // set before exited is closed
	once   sync.Once
}

// Start starts the kernel of spec in the folder dir with base as the environment that the kernelspec's own overlays.
func Start(spec Spec, dir string, base []string) (*Process, error) {
	connection, err := NewConnection()
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "workbench-")
	if err != nil {
		return nil, fmt.Errorf("jupyter: scratch folder: %w", err)
	}
	p := &Process{Connection: connection, Scratch: scratch, spec: spec, exited: make(chan struct{})}
	file := filepath.Join(scratch, "kernel-"+NewID()+".json")
	if err := connection.Write(file); err != nil {
		os.RemoveAll(scratch)
		return nil, err
	}
	argv := spec.Command(file)
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Dir = dir
	p.cmd.Env = append(spec.Environ(base), "TMPDIR="+scratch)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.WaitDelay = time.Second // a cell's program may hold the pipes open after its kernel died
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		os.RemoveAll(scratch)
		return nil, fmt.Errorf("jupyter: kernel does not start: %w", err)
	}
	go func() {
		err := p.cmd.Wait()
		p.reason = fmt.Errorf("%w: %s", ErrDied, exitText(p.cmd.ProcessState, err))
		close(p.exited)
	}()
	return p, nil
}

func exitText(state *os.ProcessState, err error) string {
	if state != nil {
		return state.String()
	}
	return err.Error()
}

// Exited is closed when the process has ended; Reason then says how.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Reason is nil while the process runs.
func (p *Process) Reason() error {
	select {
	case <-p.exited:
		return p.reason
	default:
		return nil
	}
}

// Log returns the last lines that the kernel wrote on its standard output and error.
func (p *Process) Log() string { return p.log.String() }

// Interrupt sends SIGINT, for kernels whose interrupt_mode is "signal".
func (p *Process) Interrupt() error { return interruptGroup(p.cmd) }

// Kill ends the kernel and what its cells started, and removes the scratch folder. It may be called more than once.
func (p *Process) Kill() {
	p.once.Do(func() {
		killGroup(p.cmd)
		<-p.exited
		os.RemoveAll(p.Scratch)
	})
}

// tail is a writer that keeps the last few kilobytes.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 4096

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if len(t.buf) > 2*tailBytes {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailBytes:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buf
	if len(b) > tailBytes {
		b = b[len(b)-tailBytes:]
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			b = b[i+1:]
		}
	}
	return strings.TrimSpace(string(b))
}
