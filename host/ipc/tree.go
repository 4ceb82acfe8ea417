package ipc

import "github.com/apache/arrow-go/v18/arrow"

// node is a column, or a field inside of one. The nodes of a schema stand in the order in which a body has them: each before
// the fields that it holds.
type node struct {
	layout
	dtype    arrow.DataType
	name     string
	nullable bool
	parent   int // -1: it is a column
	children int // that it holds itself
	end      int // the node behind the last that it holds, at any depth
}

// tree is the nodes of a schema.
type tree struct {
	nodes     []node
	columnsAt []int // the nodes that are columns
	buffers   int   // that a body has
}

// newTree lays a schema out. The error names a column whose type does not cross the boundary.
func newTree(schema *arrow.Schema) (t tree, err error) {
	t.nodes, t.columnsAt = make([]node, 0, Fields(schema)), make([]int, 0, schema.NumFields())
	for _, field := range schema.Fields() {
		t.columnsAt = append(t.columnsAt, len(t.nodes))
		if err := t.add(field, -1); err != nil {
			return tree{}, err
		}
	}
	return t, nil
}

func (t *tree) add(field arrow.Field, parent int) error {
	i := len(t.nodes)
	l, err := layoutOf(field.Type)
	t.nodes = append(t.nodes, node{layout: l, dtype: field.Type, name: field.Name, nullable: field.Nullable, parent: parent})
	if err != nil {
		return inColumn(t.path(i), err)
	}
	t.buffers += l.buffers()
	children := l.childrenOf(field.Type)
	for _, child := range children {
		if err := t.add(child, i); err != nil {
			return err
		}
	}
	t.nodes[i].children, t.nodes[i].end = len(children), len(t.nodes)
	return nil
}

// path is where a node is, for people: "order.items[].price", "labels.key".
func (t *tree) path(i int) string {
	n := &t.nodes[i]
	switch {
	case n.parent < 0:
		return n.name
	case t.nodes[n.parent].shape == structure:
		return t.path(n.parent) + "." + n.name
	case n.shape == structure && t.isMap(n.parent): // the entries, which have no name of their own
		return t.path(n.parent)
	}
	return t.path(n.parent) + inList
}

func (t *tree) isMap(i int) bool { return t.nodes[i].dtype.ID() == arrow.MAP }

// Fields is how many fields a schema has in all: its columns and everything that is inside of them, a map's entries too.
func Fields(schema *arrow.Schema) int { return countFields(schema.Fields()) }

func countFields(fields []arrow.Field) int {
	n := len(fields)
	for _, f := range fields {
		if nested, ok := f.Type.(arrow.NestedType); ok && f.Type.ID() != arrow.EXTENSION { // an extension is one to arrow-go
			n += countFields(nested.Fields())
		}
	}
	return n
}
