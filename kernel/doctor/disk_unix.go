//go:build linux || darwin

package doctor

import (
	"os"
	"path/filepath"
	"syscall"
)

// freeBytes is the space for this user on the disk of dir, or of the nearest folder above that exists.
func freeBytes(dir string) (uint64, error) {
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, os.NewSyscallError("statfs", err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}
