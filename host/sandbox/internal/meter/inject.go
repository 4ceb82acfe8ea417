package meter

// The opcodes that are injected (5.4).
const (
	opUnreachable = 0x00
	opBlock       = 0x02
	opLoop        = 0x03
	opIf          = 0x04
	opElse        = 0x05
	opEnd         = 0x0b
	opBr          = 0x0c
	opBrIf        = 0x0d
	opReturn      = 0x0f
	opCall        = 0x10
	opLocalGet    = 0x20
	opLocalSet    = 0x21
	opLocalTee    = 0x22
	opGlobalGet   = 0x23
	opGlobalSet   = 0x24
	opMemorySize  = 0x3f
	opMemoryGrow  = 0x40
	opI32Const    = 0x41
	opI64Const    = 0x42
	opI32Eqz      = 0x45
	opI32Ne       = 0x47
	opI32GtU      = 0x4b
	opI32LeU      = 0x4d
	opI32GeS      = 0x4e
	opI64GtU      = 0x56
	opI64GeS      = 0x59
	opI32Add      = 0x6a
	opI32Sub      = 0x6b
	opI32And      = 0x71
	opI64Add      = 0x7c
	opI64Sub      = 0x7d
	opI64Or       = 0x84
	opI64Shl      = 0x86
	opI64ShrU     = 0x88
	opI64ExtendU  = 0xad
	opRefFunc     = 0xd2
	opMisc        = 0xfc
	miscTableSize = 16 // behind opMisc

	typeI32   = 0x7f
	typeI64   = 0x7e
	typeEmpty = 0x40
)

// code holds the injected instruction sequences, ready to be copied.
type code struct {
	fuelGet, fuelSet   []byte
	depthGet, depthSet []byte
	pagesGet           []byte
	refusedSet         []byte
	ask                []byte // let the host decide how to go on
	check              []byte // ask if the fuel is below 0
	deepCheck          []byte // trap if the depth is below 0
}

func newCode(x indices) (c code) {
	c.fuelGet = appendU32([]byte{opGlobalGet}, x.fuel)
	c.fuelSet = appendU32([]byte{opGlobalSet}, x.fuel)
	c.depthGet = appendU32([]byte{opGlobalGet}, x.depth)
	c.depthSet = appendU32([]byte{opGlobalSet}, x.depth)
	c.pagesGet = appendU32([]byte{opGlobalGet}, x.pages)
	c.refusedSet = appendU32([]byte{opGlobalSet}, x.refused)

	c.ask = appendU32([]byte{opCall}, x.slow)

	// The slow path is in the else arm: measured, wazero's compiler then lays the fast path out straight.
	c.check = append(c.check, c.fuelGet...)
	c.check = append(c.check, opI64Const, 0, opI64GeS, opIf, typeEmpty, opElse)
	c.check = append(append(c.check, c.ask...), opEnd)

	c.deepCheck = append(c.deepCheck, c.depthGet...)
	c.deepCheck = append(c.deepCheck, opI32Const, 0, opI32GeS, opIf, typeEmpty, opElse, opCall)
	c.deepCheck = append(appendU32(c.deepCheck, x.tooDeep), opUnreachable, opEnd)
	return c
}

// charge takes a constant from the fuel.
func (c *code) charge(b []byte, weight uint32) []byte {
	b = append(append(b, c.fuelGet...), opI64Const)
	b = append(appendS64(b, int64(weight)), opI64Sub)
	return append(b, c.fuelSet...)
}

// again checks, at the head of a loop without parameters, which it goes back to after a yield: so no way leads back into
// the straight one, and an engine need not bring registers in line for it.
func (c *code) again(b []byte) []byte {
	b = append(append(b, c.fuelGet...), opI64Const, 0, opI64GeS, opIf, typeEmpty, opElse)
	return append(append(b, c.ask...), opBr, 1, opEnd)
}

// inner checks at the head of a loop, and goes to the one around it to yield.
func (c *code) inner(b []byte) []byte {
	return append(append(b, c.fuelGet...), opI64Const, 0, opI64GeS, opIf, typeEmpty, opElse, opBr, 2, opEnd)
}

// chargeLength takes the i32 in local 0, unsigned and then shifted, from the fuel, and checks it.
func (c *code) chargeLength(b []byte, shift byte, op byte) []byte {
	b = append(b, c.fuelGet...)
	b = append(b, opLocalGet, 0, opI64ExtendU, opI64Const, shift, op, opI64Sub)
	b = append(b, c.fuelSet...)
	return append(b, c.check...)
}

// moveDepth adds to the depth or takes from it.
func (c *code) moveDepth(b []byte, op byte, slots int32) []byte {
	b = append(append(b, c.depthGet...), opI32Const)
	b = append(appendS64(b, int64(slots)), op)
	return append(b, c.depthSet...)
}

// slowBody is () -> (): it lets the host decide how to go on.
func (c *code) slowBody(b []byte, x indices) []byte {
	b = append(append(b, 0), c.fuelGet...)
	b = appendU32(append(b, opCall), x.yield)
	return append(append(b, c.fuelSet...), opEnd)
}

// lengthBody is (n i32) -> i32: it charges n >> shift, and gives n back.
func (c *code) lengthBody(b []byte, shift byte) []byte {
	b = c.chargeLength(append(b, 0), shift, opI64ShrU)
	return append(b, opLocalGet, 0, opEnd)
}

// growBody is (n i32) -> i32, memory.grow within the limit: -1, and a note for the host, if n is not 0 and the memory would
// be larger than the pages allow, else it charges the new bytes, 65536/16 units a page, and grows.
func (c *code) growBody(b []byte) []byte {
	b = append(b, 0, opLocalGet, 0, opI64ExtendU, opMemorySize, 0, opI64ExtendU, opI64Add)
	b = append(append(b, c.pagesGet...), opI64ExtendU, opI64GtU, opLocalGet, 0, opI32Const, 0, opI32Ne, opI32And)
	b = append(append(b, opIf, typeEmpty, opI32Const, 1), c.refusedSet...)
	b = append(b, opI32Const, 0x7f, opReturn, opEnd)
	b = c.chargeLength(b, 12, opI64Shl)
	return append(b, opLocalGet, 0, opMemoryGrow, 0, opEnd)
}
