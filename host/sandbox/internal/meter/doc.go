// Package meter decides where a validated module is charged for what it does, and writes the module with the charges in it.
//
// Plan walks the bodies once, validating them on the way, and keeps of each the edits to make: a few bytes for each place
// where something is inserted or an index is renumbered. Write copies the module and makes the edits; it decodes no
// instruction again. What is charged, and why it is never less than what is executed, is explained in the package sandbox.
package meter
