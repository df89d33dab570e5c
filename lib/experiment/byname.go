package experiment

import (
	"fmt"
	"strings"
)

// ByName finds what is called name in a list; the error lists the names. Owner and kind are for the error: "taskstudy" and "task".
func ByName[T any](owner, kind string, list []T, nameOf func(T) string, name string) (found T, err error) {
	var names []string
	for _, x := range list {
		if nameOf(x) == name {
			return x, nil
		}
		names = append(names, nameOf(x))
	}
	return found, fmt.Errorf("%s: no %s is called %q, must be one of %s", owner, kind, name, strings.Join(names, ", "))
}
