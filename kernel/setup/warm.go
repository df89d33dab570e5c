package setup

import (
	"context"
	"os/exec"
	"time"
)

// Warm builds the library as the cells will, once, so that notebooks that start together do not each build it and the time
// limit of a cell is not spent on it; say is told when that takes long. What does not build is left for the cell that needs
// it to report.
func Warm(ctx context.Context, root string, env []string, say func(string)) error {
	slow := time.AfterFunc(2*time.Second, func() { say("building the library (the first time takes a minute or two)") })
	defer slow.Stop()
	cmd := exec.CommandContext(ctx, "go", "build", "./lib/...", "./datasets/...")
	cmd.Dir, cmd.Env = root, env
	_ = cmd.Run()
	return context.Cause(ctx)
}
