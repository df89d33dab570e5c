//go:build unix

package jupyter

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the kernel into a process group of its own: a Ctrl-C in the terminal then reaches this program alone,
// which interrupts the kernel by the protocol, and the programs that cells start end with their kernel.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
}

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

func interruptGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
