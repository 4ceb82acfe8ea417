package jsonformat

import "context"

// Notes say which columns that come from the schema are JSON because no other type holds what it allows. An error says what is wrong with the
// schema, which Shape says too.
func (f jsonFormat) Notes(ctx context.Context) ([]string, error) {
	if f.Unstructured {
		return nil, nil
	}
	c, _, err := f.schemaColumns(ctx, false)
	return c.Notes, err
}
