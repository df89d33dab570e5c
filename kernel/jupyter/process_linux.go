package jupyter

import "syscall"

// endWithParent asks the system to end the kernel when this program is killed outright.
func endWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGTERM }
