// Package training fine-tunes the models of package transformer and learns what the machines prune with.
package training
