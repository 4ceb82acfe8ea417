package evil

import (
	"bytes"
	"strings"

	"github.com/weir-stream/weir/host/abi"
)

// generated are the attacks that are made of size, of broken bytes or of what no text can say.
func generated() []Attack {
	var all []Attack
	for _, group := range [][]Attack{deepFrames(), longBodies(), compileBombs(), manyThings(), customSections(), brokenBinaries(), manifests()} {
		all = append(all, group...)
	}
	return all
}

// attack is an attack whose guest is made.
func attack(name, does, rule, expect string, wasm func() ([]byte, error)) Attack {
	call, code, _ := strings.Cut(expect, " ")
	return Attack{Name: name, Does: does, Rule: rule, Call: call, Code: code, Limits: DefaultLimits, Wasm: wasm}
}

// of makes a guest of a module whose making takes time and memory, so not before it is needed.
func of(make func() module) func() ([]byte, error) {
	return func() ([]byte, error) { return make().bytes() }
}

// hungry gives an attack enough fuel that something else must stop it.
func hungry(a Attack) Attack {
	a.Limits.Fuel = 1_000_000_000
	return a
}

// deepFrames are recursions with large frames.
func deepFrames() []Attack {
	const rule = "a frame costs as many slots of depth as it may take on the stack"
	down := baseFuncs
	return []Attack{
		hungry(attack("recursion_locals", "endless recursion with 10,000 locals in each frame", rule, "weir_process limit.depth", of(func() module {
			var use [][]byte
			for i := range 10_000 { // each is alive across the call
				use = append(use, op(opLocalGet, 0), constant(int8(i%50)), []byte{opI32Add}, op(opLocalSet, 1+i))
			}
			use = append(use, op(opLocalGet, 0), op(opCall, down))
			for i := range 10_000 {
				use = append(use, op(opLocalGet, 1+i), []byte{opI32Add})
			}
			return recursive(code(10_000, use...))
		}))),
		hungry(attack("recursion_operands", "endless recursion with 5,000 operands on each frame's stack", rule, "weir_process limit.depth", of(func() module {
			var use [][]byte
			for i := range 5_000 {
				use = append(use, op(opLocalGet, 0), constant(int8(i%50)), []byte{opI32Mul})
			}
			use = append(use, op(opLocalGet, 0), op(opCall, down), bytes.Repeat([]byte{opI32Add}, 5_000))
			return recursive(code(0, use...))
		}))),
		hungry(attack("frames_without_recursion", "500 functions that call each other in a row, each with 5,000 locals: a deep stack without recursion",
			"the longest chain of frames outside of recursion is computed at load; where it is too long, all frames are charged", "weir_process limit.depth",
			of(func() module {
				m := module{process: code(0, op(opLocalGet, 0), op(opCall, baseFuncs))}
				for i := range 500 {
					m.functions = append(m.functions, []byte{typeUnary})
					next := op(opCall, baseFuncs+i+1)
					if i == 499 {
						next = nil
					}
					m.codes = append(m.codes, code(5_000, op(opLocalGet, 0), op(opLocalSet, 5_000), op(opLocalGet, 5_000), next))
				}
				return m
			}))),
	}
}

// recursive is a guest whose weir_process calls a function that calls itself.
func recursive(body []byte) module {
	return module{process: code(0, op(opLocalGet, 0), op(opCall, baseFuncs)), functions: [][]byte{{typeUnary}}, codes: [][]byte{body}}
}

// longBodies are functions that are long, deeply nested or have large tables of branches.
func longBodies() []Attack {
	const rule = "fuel is charged by the weight of what runs, not by rounds"
	straight := func(n int) func() ([]byte, error) {
		return of(func() module {
			work := bytes.Repeat(cat(op(opLocalGet, 0), constant(3), []byte{opI32Mul}, op(opLocalSet, 0)), n)
			return module{process: code(0, []byte{opLoop, nothing}, work, []byte{opBr, 0, opEnd}, constant(0))}
		})
	}
	slow := attack("straight_line_time", "a loop with a body of 200,000 instructions, with fuel for weeks", rule+"; so the clock is looked at in the middle of it",
		"weir_process limit.time", straight(50_000))
	slow.Limits.Fuel, slow.Limits.Timeout = 1e15, 100e6
	nested := func(n int) func() ([]byte, error) {
		return of(func() module {
			return module{process: code(0, bytes.Repeat([]byte{opBlock, nothing}, n), bytes.Repeat([]byte{opEnd}, n), constant(0))}
		})
	}
	return []Attack{
		slow,
		attack("straight_line", "a loop with a body of 200,000 instructions, so that it is seldom at its head", rule, "weir_process limit.fuel", straight(50_000)),
		attack("body_huge", "a body of a little more than 1 MiB, for the compiler to choke on", "bodies are bounded at load", "refused wasm.limit", straight(150_000)),
		attack("nesting", "10,000 blocks inside each other", "nesting is bounded at load", "refused wasm.limit", nested(10_000)),
		attack("nesting_huge", "350,000 blocks inside each other, for a validator that recurses", "nesting is bounded at load, and nothing recurses over it",
			"refused wasm.limit", nested(350_000)),
		attack("br_table_huge", "a loop around a br_table of 10,000 cases", rule, "weir_process limit.fuel", of(func() module {
			return module{process: code(0, []byte{opLoop, nothing}, op(opLocalGet, 0), op(opBrTable, 10_000), make([]byte, 10_001), []byte{opEnd}, constant(0))}
		})),
		attack("locals", "50,001 locals", "locals are bounded at load", "refused wasm.limit", of(func() module {
			return module{process: code(50_001, constant(0))}
		})),
		attack("locals_wrap", "2^32 - 1 locals, twice, in twelve bytes", "locals are summed up in 64 bits and bounded before anything is made of them", "refused wasm.limit",
			of(func() module {
				run := []byte{0xff, 0xff, 0xff, 0xff, 0x0f, i32}
				return module{process: cat(uleb(1+2*len(run)+3), []byte{2}, run, run, constant(0), []byte{opEnd})}
			})),
		attack("locals_everywhere", "2,000 functions with 40,000 locals each, in four bytes a function", "the locals of all functions are summed up and bounded", "refused wasm.limit",
			of(func() module {
				return module{functions: repeat(2_000, typeNone), codes: repeat(2_000, code(40_000)...)}
			})),
	}
}

// manyThings are sections with more entries than anyone needs.
func manyThings() []Attack {
	const rule = "entries are counted before anything is made of them"
	const n = 250_000
	many := func(name, what, expect string, m func() module) Attack {
		return attack("many_"+name, what, rule, expect, of(m))
	}
	null := []byte{0xd0, 0x70, opEnd}
	return []Attack{
		many("types", "250,000 types", "refused module.malformed", func() module { return module{types: repeat(n, 0x60, 0, 0)} }),
		many("parameters", "a function of 100,000 parameters", "refused wasm.limit", func() module {
			return module{types: [][]byte{cat([]byte{0x60}, uleb(100_000), bytes.Repeat([]byte{i32}, 100_000), []byte{0})}}
		}),
		many("imports", "250,000 imports of one function", "refused module.malformed", func() module {
			return module{imports: repeat(n, cat(text(abi.ImportModule), text("output"), []byte{0, 2})...)}
		}),
		many("functions", "250,000 functions", "refused wasm.limit", func() module {
			return module{functions: repeat(n, typeNone), codes: repeat(n, code(0)...)}
		}),
		many("tables", "150 tables", "refused module.malformed", func() module { return module{tables: repeat(150, 0x70, 0, 1)} }),
		many("globals", "250,000 globals", "refused wasm.limit", func() module { return module{globals: repeat(n, i32, 1, opI32Const, 0, opEnd)} }),
		many("exports", "250,000 exports", "refused module.malformed", func() module {
			return module{exports: repeat(n, cat(text("more"), []byte{0, 1})...)}
		}),
		many("elements", "250,000 element segments", "refused wasm.limit", func() module {
			return module{elements: repeat(n, cat([]byte{5, 0x70, 1}, null)...)}
		}),
		many("segments", "250,000 data segments", "refused wasm.limit", func() module { return module{data: repeat(n, 1, 0)} }),
		hungry(attack("globals_exported", "10,000 mutable globals, each of which the host would keep and restore", "what is kept of an instance is bounded with the module",
			"harmless", of(func() module { return module{globals: repeat(10_000, i32, 1, opI32Const, 0, opEnd)} }))),
		attack("count_lies", "a section that says that it has 2^32 - 1 entries and has none", rule+", and no more are made than there are bytes", "refused module.malformed",
			func() ([]byte, error) {
				return cat([]byte("\x00asm\x01\x00\x00\x00"), section(1, []byte{0xff, 0xff, 0xff, 0xff, 0x0f})), nil
			}),
	}
}
