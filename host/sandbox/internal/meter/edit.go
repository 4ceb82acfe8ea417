package meter

// edit is one change to a body. From the top: where it is, 24 bits from the body's first byte on; what it is, 4 bits; and a
// number, 36 bits. Bodies are at most 8 MiB, so that all three fit.
type edit uint64

type editKind uint64

const (
	editSite   editKind = iota // while a body is planned: insert what becomes of the site with this number
	editCharge                 // insert a charge of this weight
	editCheck                  // insert a charge of this weight and a check
	editFunc                   // replace a function index by this one
	editReturn                 // in a function whose depth counts, replace return by a branch to this label
	editGrow                   // replace memory.grow by a call
	editBulk                   // insert a call that charges for a bulk instruction and runs all but the last piece of it
	editBytes                  // insert a call that charges the length on the stack as bytes
	editItems                  // insert a call that charges the length on the stack as table entries
)

const (
	editNumberBits = 36
	editKindBits   = 4
)

func newEdit(at int, k editKind, number uint32) edit {
	return edit(at)<<(editNumberBits+editKindBits) | edit(k)<<editNumberBits | edit(number)
}

func (e edit) at() int        { return int(e >> (editNumberBits + editKindBits)) }
func (e edit) kind() editKind { return editKind(e >> editNumberBits & (1<<editKindBits - 1)) }
func (e edit) number() uint32 { return uint32(e) }
