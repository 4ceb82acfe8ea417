// Package app does what weir's commands do: it plans and runs pipelines, talks to clusters, builds and checks modules.
package app
