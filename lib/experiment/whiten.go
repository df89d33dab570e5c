package experiment

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/sparse-attention/workbench/datasets"
	"github.com/sparse-attention/workbench/lib/transformer"
)

const (
	whitenedImages  = 2000 // images that the covariance is taken of
	whitenedEpsilon = 1e-2 // added to a variance, as a share of their mean
	patchEmbedding  = "embedding/patch/weights"
)

// Whiten sets the first weights of a patch embedding from the training images: row by row the principal components of their
// patches, each divided by its standard deviation. Untreated, nearly all the variance of a patch is its brightness, and the
// norm behind the embedding hides the rest; so a short training starts from edges and colours instead. Components beyond the
// number of values of a patch stay as they were drawn. Training goes on from these weights as from any.
func Whiten(m *transformer.Encoder, d *datasets.Dataset) error {
	values, hidden := m.Spec.Patch, m.Spec.Hidden
	if values == 0 {
		return fmt.Errorf("experiment: the model has Spec.Patch = 0, must read patches to be whitened")
	}
	var data []float64
	for b := range datasets.Batches(d.Train[:min(len(d.Train), whitenedImages)], datasets.BatchOptions{Size: 1, Limit: m.Spec.Tokens}) {
		for _, v := range b.Patches[b.Patch : int(b.Lengths[0])*b.Patch] { // without the class token's blank
			data = append(data, float64(v))
		}
	}
	var covariance mat.SymDense
	stat.CovarianceMatrix(&covariance, mat.NewDense(len(data)/values, values, data), nil)
	var eigen mat.EigenSym
	if !eigen.Factorize(&covariance, true) {
		return fmt.Errorf("experiment: the covariance of the patches has no eigenvectors")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	variances := eigen.Values(nil) // ascending
	weights, err := m.Values(patchEmbedding)
	if err != nil {
		return err
	}
	floor := whitenedEpsilon * mat.Trace(&covariance) / float64(values)
	for h := range min(hidden, values) {
		c := values - 1 - h
		scale := 1 / math.Sqrt(max(variances[c], 0)+floor)
		for v := range values {
			weights[v*hidden+h] = float32(scale * vectors.At(v, c))
		}
	}
	return m.SetValues(patchEmbedding, []int{values, hidden}, weights)
}
