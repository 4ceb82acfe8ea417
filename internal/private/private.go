// Package private says whether a folder is the process's own.
package private
