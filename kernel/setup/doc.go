// Package setup makes a Go kernel for Jupyter out of a checkout and a Go installation, with nothing to do by hand: it
// builds GoNB and goimports as go.mod pins them, chooses the backend for tensors, and writes the kernelspec whose
// environment lets a cell import the library without "go get".
//
//	FindModule       the root of the workbench
//	BuildTools       GoNB and goimports, in the user's cache folder
//	ChooseBackend    ONNX Runtime, XLA or pure Go, and why
//	Workbench        what a cell is told: folders, mode, backend
//	Kernelspec       all of it as a kernel.json
package setup
