package schemaregistry

import (
	"context"
	"fmt"
	"slices"

	"github.com/weir-stream/weir/internal/fault"
)

// How much a schema may refer to, directly or not.
const (
	mostReferences     = 256
	mostReferenceBytes = 16 << 20
)

// References are the schemas that s refers to, those that they refer to, and so on, by the names by which they are
// referred to; s itself is not among them. A name that stands for different schemas is an error, as are more than 256
// schemas or 16 MiB of them. All of them together have Config.Timeout, as one request has.
func (c *Client) References(ctx context.Context, s Schema) (map[string]Schema, error) {
	limited, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	found := map[string]Schema{}
	size := 0
	for open := slices.Clone(s.References); len(open) > 0; open = open[1:] {
		r := open[0]
		if before, ok := found[r.Name]; ok {
			if before.Subject != r.Subject || before.Version != r.Version {
				return nil, c.fail("references", fault.Inputf("%q is version %d of subject %q and version %d of subject %q",
					r.Name, before.Version, before.Subject, r.Version, r.Subject))
			}
			continue
		}
		next, err := c.Version(limited, r.Subject, r.Version)
		switch {
		case err != nil && limited.Err() != nil && ctx.Err() == nil:
			return nil, c.fail("references", fault.Environmentf("%d came within %v (registry.timeout), and %q is not among them: %w",
				len(found), c.config.Timeout, r.Name, err))
		case err != nil:
			return nil, fmt.Errorf("reference %q: %w", r.Name, err)
		}
		next.Subject, next.Version = r.Subject, r.Version // the registry may spell the subject with its context
		if size += next.size(); len(found) == mostReferences || size > mostReferenceBytes {
			return nil, c.fail("references", fault.Inputf("a schema may refer to %d others and %d MiB at most", mostReferences, mostReferenceBytes>>20))
		}
		found[r.Name] = next
		open = append(open, next.References...)
	}
	return found, nil
}
