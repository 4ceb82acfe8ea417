package abi

// The lists that functions of WASI preview 1 are on.
const (
	ListServed  = "served"  // they do their work, within the sandbox
	ListInert   = "inert"   // they may be imported, and find nothing there
	ListRefused = "refused" // a module that imports one is refused
)

// WASIList says which list a function of WASI preview 1 is on. One that is on none is refused too.
func WASIList(name string) string {
	switch {
	case servedTable[name] != "":
		return ListServed
	case inertTable[name] != "":
		return ListInert
	}
	return ListRefused
}
