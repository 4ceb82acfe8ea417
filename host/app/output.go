package app

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// Output prints what a command found or did: as JSON, an object a line, or for people.
type Output struct {
	W    io.Writer
	JSON bool
}

// column is a column of a list: what stands above it, and what it shows of an item.
type column[T any] struct {
	name string
	cell func(T) string
}

// print prints one object, or a text in its place.
func (o Output) print(object any, format string, args ...any) error {
	if o.JSON {
		return o.printJSON(object)
	}
	_, err := fmt.Fprintf(o.W, format+"\n", args...)
	return fault.EnvironmentError(err)
}

func (o Output) printJSON(object any) error {
	enc := json.NewEncoder(o.W)
	enc.SetEscapeHTML(false)
	return fault.EnvironmentError(enc.Encode(object))
}

// printList prints objects, one a line, or a table of them.
func printList[T any](o Output, items []T, columns []column[T]) error {
	if o.JSON {
		for _, item := range items {
			if err := o.printJSON(item); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(o.W, 0, 0, 2, ' ', 0)
	var header []string
	for _, c := range columns {
		header = append(header, c.name)
	}
	fmt.Fprintln(w, strings.Join(header, "\t")) // a tabwriter's errors come with Flush
	for _, item := range items {
		var row []string
		for _, c := range columns {
			row = append(row, cell(c.cell(item)))
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return fault.EnvironmentError(w.Flush())
}

// printDetail prints one object, or its columns one below the other; those without content are left out.
func printDetail[T any](o Output, item T, columns []column[T]) error {
	if o.JSON {
		return o.printJSON(item)
	}
	w := tabwriter.NewWriter(o.W, 0, 0, 2, ' ', 0)
	for _, c := range columns {
		if text := c.cell(item); text != "" {
			fmt.Fprintf(w, "%s\t%s\n", strings.ToLower(c.name), cell(text))
		}
	}
	return fault.EnvironmentError(w.Flush())
}

// cell makes a text fit for a table: names come from the cluster, and from whoever named them.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return visible.Line(text)
}
