package runner

import (
	"path/filepath"
	"regexp"
	"strings"
)

// scrubber returns a function that takes out of a text what differs from run to run and from machine to machine. GoNB's
// package and folder are called gonb_ and eight random digits, and lie in the kernel's scratch folder. Paths below the
// module are shown from its root; the other folders of the environment by the names of their variables.
func scrubber(scratch string, env map[string]string) func(string) string {
	const separator = string(filepath.Separator)
	folder := regexp.MustCompile(regexp.QuoteMeta(scratch+separator) + `gonb_[0-9a-f]{8}`)
	name := regexp.MustCompile(`\bgonb_[0-9a-f]{8}\b`)
	var pairs []string
	root := env["WORKBENCH_ROOT"]
	for _, variable := range []string{"WORKBENCH_OUT", "WORKBENCH_DATA"} {
		if dir := env[variable]; len(dir) > 1 && !strings.HasPrefix(dir+separator, root+separator) {
			pairs = append(pairs, dir, "$"+variable)
		}
	}
	if len(root) > 1 {
		pairs = append(pairs, root+separator, "")
	}
	places := strings.NewReplacer(pairs...)
	return func(s string) string {
		return places.Replace(name.ReplaceAllString(folder.ReplaceAllString(s, "gonb"), "gonb"))
	}
}
