package command_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sparse-attention/workbench/lib/experiment/command"
)

// TestMain makes this binary a command when the variable says so: what Main does, it does to a whole process.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_COMMAND") == "" {
		os.Exit(m.Run())
	}
	data, root, state := command.Data(), command.Root("the models"), command.State("must be given")
	command.Main(func(ctx context.Context) error {
		if *state == "" {
			return command.ErrNoState
		}
		fmt.Println(*data, *root, *state)
		if *data == "wait" {
			<-ctx.Done()
			return errors.New("stopped")
		}
		return nil
	})
	fmt.Println("end")
}

func start(args ...string) (*exec.Cmd, *strings.Builder) {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), "TEST_COMMAND=yes")
	out := &strings.Builder{}
	c.Stdout, c.Stderr = out, out
	return c, out
}

func TestMainOfACommand(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-state", "s", "-data", "d"}, 0, "d datasets/checkpoints s\nend\n"},
		{[]string{"-state", "s", "-root", "r"}, 0, " r s\nend\n"},
		{nil, 1, "flag -state is empty, must name a folder\n"},
		{[]string{"-x"}, 2, "flag provided but not defined: -x\n"},
	} {
		command, out := start(c.args...)
		err := command.Run()
		if exit := command.ProcessState.ExitCode(); exit != c.code || !strings.HasPrefix(out.String(), c.want) {
			t.Errorf("%q: exit status %d, printed %q, want %d and %q (%v)", c.args, exit, out, c.code, c.want, err)
		}
	}
}

func TestInterrupt(t *testing.T) {
	command, out := start("-state", "s", "-data", "wait")
	command.Stdout = nil
	pipe, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(time.Minute, func() { command.Process.Kill() })
	defer kill.Stop()
	if _, err := pipe.Read(make([]byte, 1)); err != nil { // it runs
		t.Fatal(err)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Skip("no interrupt here: ", err)
	}
	command.Wait()
	if code := command.ProcessState.ExitCode(); code != 1 || out.String() != "stopped\n" {
		t.Errorf("exit status %d, printed %q, want 1 and the command's own error", code, out)
	}
}
