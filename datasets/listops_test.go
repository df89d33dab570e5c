package datasets_test

import (
	"fmt"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
)

func TestShortReport(t *testing.T) {
	d, err := datasets.Open("listops-short", datasets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(datasets.LabelShares(d.Train, 10), datasets.MeanTokens(d.Train), datasets.RootOperatorAccuracy(d.Train, d.Test), datasets.RootOperatorAccuracy(d.Train, d.Train), datasets.ConstantAccuracy(d.Train, d.Train), d.Train[0].Text)
}
