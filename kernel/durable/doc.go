// Package durable writes files that are either wholly there or not there at all: the bytes go to a file beside the
// target, are synced, and take the target's name by a rename. A full disk, a kill or a Ctrl-C leaves the old file.
package durable
