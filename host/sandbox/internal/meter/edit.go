package meter

// edit is one change to a body. From the top: where it is, 24 bits from the body's first byte on; what it is, 8 bits; and a
// number, 32 bits. Bodies are at most 8 MiB, so that all three fit.
type edit uint64

type editKind uint64

const (
	editSite     editKind = iota // while a body is planned: insert what becomes of the site with this number
	editDropped                  // while a body is planned: nothing, or what it turns out to be
	editCharge                   // insert a charge of this weight
	editCheck                    // insert a check and a charge of this weight
	editFunc                     // replace a function index by this one
	editReturn                   // in a function whose depth counts, replace return by a branch to this label
	editLabel                    // give a br or br_if another label
	editBranchIf                 // replace br_if by an if and a br with this label
	editGrow                     // replace memory.grow by a call
	editBulk                     // insert a call that charges for a bulk instruction and runs all but the last piece of it
	editBytes                    // insert a call that charges the length on the stack as bytes
	editItems                    // insert a call that charges the length on the stack as table entries

	// Of loops; see loop.go.
	editHead     // at a head, insert a check that comes back to it, and a charge of this weight
	editOuter    // insert the beginning of an outer loop with a check
	editInner    // at the head in it, insert a check that goes to the outer one, and a charge of this weight
	editOuterEnd // insert its end
)

const (
	editNumberBits = 32
	editKindBits   = 8
)

func newEdit(at int, k editKind, number uint32) edit {
	return edit(at)<<(editNumberBits+editKindBits) | edit(k)<<editNumberBits | edit(number)
}

func (e edit) at() int        { return int(e >> (editNumberBits + editKindBits)) }
func (e edit) kind() editKind { return editKind(e >> editNumberBits & (1<<editKindBits - 1)) }
func (e edit) number() uint32 { return uint32(e) }
