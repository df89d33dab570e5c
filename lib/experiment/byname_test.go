package experiment_test

import (
	"fmt"

	"github.com/sparse-attention/workbench/lib/experiment"
)

func ExampleByName() {
	itself := func(s string) string { return s }
	fmt.Println(experiment.ByName("study", "task", []string{"sst2", "imdb"}, itself, "imdb"))
	fmt.Println(experiment.ByName("study", "task", []string{"sst2", "imdb"}, itself, "mnli"))
	// Output:
	// imdb <nil>
	//  study: no task is called "mnli", must be one of sst2, imdb
}
