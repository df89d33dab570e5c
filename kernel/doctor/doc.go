// Package doctor looks at a machine and says what the workbench finds there, what is missing, and what to do about it.
package doctor
