// Package evil holds guests that attack the host, and the suite that shows what becomes of them on an engine.
//
// Each file in testdata is one guest in WebAssembly text, the binary beside it made by wabt's wat2wasm; what would take
// megabytes to write down is made when the suite runs (generated.go). A guest says in its first lines what it tries, what stops
// it and what the host must say, and the suite takes its word for it; ATTACKS.md is the table of all of them.
//
//	;; attack: a loop without an exit, by br
//	;; rule: fuel is charged at every loop's head
//	;; expect: weir_process limit.fuel
//
// What is expected is one of
//
//	refused CODE     the module is refused before any of it runs
//	CALL CODE        that call into the guest fails, CALL being start (the wasm start function) or an export
//	harmless         every call returns 0, and nothing comes of it
//
// Two more lines may follow: "limits:" gives the guest others than the suite's (see limits.go), "wat2wasm:" gives flags that
// its text needs. Whatever is tried, nothing is ever emitted, the host gets an error and no panic, a well-behaved neighbour on the
// same engine goes on unharmed, a second try ends as the first did, and when all is over the process holds no more memory,
// goroutines and file descriptors than before.
//
// After a change to a guest:
//
//	go test ./test/evil -run Fresh -update                    # messages in data segments, ATTACKS.md
//	go test -tags wabt ./test/evil -run Rebuild -update       # binaries; needs wat2wasm
package evil
