// Package lint holds the rules of this tree that a machine can check: who imports whom, what files look like, which calls
// have a better replacement. The rules are its tests, and each has a small bad example that it must find.
//
// An exception is a line in the table of exceptions with its reason; one that is no longer needed fails too.
package lint
