package runner

import (
	"path/filepath"
	"regexp"
)

// scrubber returns a function that takes the names out of a text that differ from run to run: GoNB's package and folder
// are called gonb_ and eight random digits, and lie in the kernel's scratch folder.
func scrubber(scratch string) func(string) string {
	folder := regexp.MustCompile(regexp.QuoteMeta(scratch+string(filepath.Separator)) + `gonb_[0-9a-f]{8}`)
	name := regexp.MustCompile(`\bgonb_[0-9a-f]{8}\b`)
	return func(s string) string {
		return name.ReplaceAllString(folder.ReplaceAllString(s, "gonb"), "gonb")
	}
}
