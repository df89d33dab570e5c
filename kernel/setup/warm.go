package setup

import (
	"context"
	"os/exec"
)

// Warm builds the library as the cells will, once, so that notebooks that start together do not each build it and the time
// limit of a cell is not spent on it. What does not build is left for the cell that needs it to report.
func Warm(ctx context.Context, root string, env []string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "./lib/...", "./datasets/...")
	cmd.Dir, cmd.Env = root, env
	_ = cmd.Run()
	return context.Cause(ctx)
}
