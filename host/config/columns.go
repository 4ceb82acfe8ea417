package config

import (
	"errors"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/host/types"
	"github.com/weir-stream/weir/internal/fault"
)

// schemaFlag is how errors of ParseColumns call the text.
const schemaFlag = "--schema"

// ParseColumns reads columns as CREATE TABLE has them between its parentheses, at least one and at most [MaxFileBytes] of
// them: a BIGINT NOT NULL, "t" TIMESTAMP(3), xs TEXT[]. Their positions, and those of errors, are of the file --schema.
func ParseColumns(text string) ([]Column, error) {
	if len(text) > MaxFileBytes {
		return nil, fault.Inputf("%s: the columns are larger than 1 MiB, the most that is read", schemaFlag)
	}
	parsed, err := columnsGrammar.read(text, beginning(schemaFlag))
	if err != nil {
		return nil, err
	}
	var r resolver
	columns := r.columns(parsed)
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs[:min(len(r.errs), maxProblems)]...)
	}
	return columns, nil
}

// columns are a table's columns, with its primary key.
func (r *resolver) columns(s *columns) []Column {
	list := make([]Column, 0, len(s.Elements))
	index := make(map[string]int, len(s.Elements))
	ty := typer{r, types.MaxFields}
	for _, e := range s.Elements {
		if e.Column == nil {
			continue
		}
		if ty.left < 0 || r.enough() {
			return nil // reported
		}
		name, at := r.named(e.Column.Name)
		if i, ok := index[name]; ok {
			r.failf(at, "column %s is defined twice, first at %s", option.Show(name), list[i].Pos)
		} else {
			index[name] = len(list)
		}
		list = append(list, r.column(e.Column, Column{Name: name, Pos: at, Type: ty.of(&e.Column.Type, 1)}))
	}
	for _, e := range s.Elements {
		if e.Primary != nil {
			r.primary(e.Primary, list, index)
		}
	}
	return list
}

func (r *resolver) column(s *column, c Column) Column {
	notNull := false
	for _, constraint := range s.Constraints {
		at := position(constraint.Pos)
		switch {
		case constraint.NotNull:
			if notNull {
				r.failf(at, "column %s says NOT NULL twice", option.Show(c.Name))
			}
			notNull = true
		case constraint.Primary:
			r.key(&c, at)
		default:
			r.metadata(&c, unquote(*constraint.Metadata), at)
		}
	}
	c.NotNull = c.NotNull || notNull
	return c
}

func (r *resolver) metadata(c *Column, key string, at option.Pos) {
	if c.Metadata != "" {
		r.failf(at, "column %s says METADATA FROM twice", option.Show(c.Name))
	}
	if key == "" {
		r.failf(at, "column %s: expected the key of a metadata column, got ''", option.Show(c.Name))
	}
	c.Metadata = key
}

// key makes c a part of the primary key.
func (r *resolver) key(c *Column, at option.Pos) {
	if c.PrimaryKey {
		r.failf(at, "column %s is in the primary key twice", option.Show(c.Name))
	}
	c.PrimaryKey, c.NotNull = true, true
}

// primary is PRIMARY KEY (a, b).
func (r *resolver) primary(s *primaryKey, columns []Column, index map[string]int) {
	for _, n := range s.Columns {
		if r.enough() {
			return
		}
		i, ok := index[n.text()]
		if !ok {
			r.unknownColumn(*n, sortedNames(index))
			continue
		}
		r.key(&columns[i], position(n.Pos))
	}
}

func (r *resolver) unknownColumn(n name, known []string) {
	hint := ""
	if near, ok := option.Nearest(n.text(), known); ok {
		hint = "; did you mean " + option.Show(near) + "?"
	} else if len(known) > 0 {
		hint = "; known are " + option.ShowAll(known)
	}
	r.failf(position(n.Pos), "the primary key names the column %s, which the table does not have%s", option.Show(n.text()), hint)
}
