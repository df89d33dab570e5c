package durable

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A file system of 64 KiB stands for a full disk; only root may mount one.
func TestFullDiskKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	path := filepath.Join(dir, "f")
	if err := WriteFile(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(path, make([]byte, 1<<20))
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.HasPrefix(err.Error(), path) {
		t.Fatalf("error %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("content %q, must be the old one", got)
	}
	onlyFile(t, path)
}
