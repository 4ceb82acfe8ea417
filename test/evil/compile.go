package evil

import "bytes"

// compileBombs are modules of some ten KB that keep a compiler busy for many seconds, or hours, or have it take all memory there is,
// because what it does for a function is not linear in the function's size.
func compileBombs() []Attack {
	const graph = "what a function's blocks, and the values alive across them, make a compiler do is estimated at load, and bounded by the module's size"
	const counted = "what instructions make a compiler do beyond their size is counted at load, and bounded by the module's size"
	const room = "the memory that a compiler takes for a function is estimated at load"
	bomb := func(name, what, rule string, make func() module) Attack {
		return attack("compile_"+name, what, rule, "refused wasm.limit", of(make))
	}
	process := func(locals int, instructions ...[]byte) func() module {
		return func() module { return module{process: code(locals, cat(instructions...), constant(0))} }
	}
	arg := op(opLocalGet, 0)
	end := []byte{opEnd}
	skip := cat(arg, []byte{opIf, nothing, opEnd})
	out := cat(arg, op(opBrIf, 0))
	loop := cat([]byte{opLoop, nothing}, out, end)
	all := []Attack{
		bomb("ifs", "20,000 ifs in a row", graph, process(0, bytes.Repeat(skip, 20_000))),
		bomb("ifs_nested", "8,000 ifs within each other", graph, process(0, bytes.Repeat(cat(arg, []byte{opIf, nothing}), 8_000), bytes.Repeat(end, 8_000))),
		bomb("loops", "20,000 loops in a row", graph, process(0, bytes.Repeat(loop, 20_000))),
		bomb("branches", "20,000 branches out of one block, each on the same local", graph, process(0, []byte{opBlock, nothing}, bytes.Repeat(out, 20_000), end)),
		bomb("loads", "20,000 branches out of one block, each on a number in memory", graph,
			process(0, []byte{opBlock, nothing}, bytes.Repeat(cat(constant(0), []byte{opI32Load, 2, 0}, op(opBrIf, 0)), 20_000), end)),
		bomb("locals", "2,000 locals that are alive across 2,000 ifs", graph, alive(2_000, bytes.Repeat(skip, 2_000))),
		bomb("locals_loops", "2,000 locals that are alive across 1,000 loops", graph, alive(2_000, bytes.Repeat(loop, 1_000))),
		bomb("locals_nested", "100 locals that are read within 800 loops", graph,
			alive(100, bytes.Repeat([]byte{opLoop, nothing}, 800), read(100), bytes.Repeat(cat(out, end), 800))),
		bomb("locals_set", "500 locals of which each arm of 4,000 ifs sets one", graph, func() module {
			var ifs [][]byte
			for i := range 4_000 {
				ifs = append(ifs, arg, []byte{opIf, nothing}, arg, op(opLocalSet, 1+i%500), end)
			}
			return alive(500, ifs...)()
		}),
		bomb("ways", "5,000 branches to where 100 locals are read", graph, alive(100, []byte{opBlock, nothing}, bytes.Repeat(out, 5_000), end)),
		bomb("operands", "1,000 operands that lie on the stack across 10,000 ifs", graph,
			process(0, bytes.Repeat(cat(arg, arg, []byte{opI32Mul}), 1_000), bytes.Repeat(skip, 10_000), bytes.Repeat([]byte{opDrop}, 1_000))),
		bomb("fills", "20,000 times memory.fill, each of which is a loop in machine code", graph,
			process(0, bytes.Repeat(cat(arg, arg, arg, []byte{0xfc, 11, 0}), 20_000))),
		bomb("br_table", "a br_table of 400,000 labels", counted, process(0, []byte{opBlock, nothing}, arg, op(opBrTable, 400_000), make([]byte, 400_001), end)),
		bomb("br_tables", "20,000 br_tables of nine labels", counted,
			process(0, bytes.Repeat(cat([]byte{opBlock, nothing}, arg, op(opBrTable, 8), make([]byte, 9), end), 20_000))),
		bomb("globals", "10,000 calls, after each of which 2,000 globals may have changed", room, func() module {
			return module{globals: mutable(2_000), process: code(0, bytes.Repeat(op(opCall, 1), 10_000), constant(0))}
		}),
		bomb("globals_declared", "50,000 globals that each of 20,000 functions could use", counted, func() module {
			return module{globals: mutable(50_000), functions: repeat(20_000, typeNone), codes: repeat(20_000, code(0)...)}
		}),
		bomb("indirect", "200,000 indirect calls in one function", room, func() module {
			return module{tables: [][]byte{{0x70, 0, 1}}, process: code(0, bytes.Repeat(cat(constant(0), []byte{opCallIndirect, typeNone, 0}), 200_000), constant(0))}
		}),
		bomb("truncations", "200,000 floats made integers, each with its own traps", room,
			process(0, arg, bytes.Repeat([]byte{0xb2, 0xa8}, 200_000), []byte{opDrop})),
		bomb("types", "600 types of 1,000 parameters and 1,000 results, for each of which an engine compiles how it is called", "the parameters and results of all types are summed up", func() module {
			m := module{types: make([][]byte, 600)}
			for i := range m.types {
				m.types[i] = wide(1_000)
				m.types[i][3+i] = 0x7e // each another type
			}
			return m
		}),
	}
	return append(all, wideBombs(counted)...)
}

// wideBombs pass many operands at once.
func wideBombs(rule string) []Attack {
	bomb := func(name, what string, each []byte, n int) Attack {
		return attack("compile_"+name, what, rule, "refused wasm.limit", of(func() module {
			push := bytes.Repeat(constant(1), 1_000)
			return module{types: [][]byte{wide(1_000)}, functions: [][]byte{{baseTypes}}, codes: [][]byte{code(0, push)},
				process: code(0, push, bytes.Repeat(each, n), bytes.Repeat([]byte{opDrop}, 1_000), constant(0))}
		}))
	}
	return []Attack{
		bomb("wide_calls", "2,000 calls of a function that takes and gives 1,000 values", op(opCall, baseFuncs), 2_000),
		bomb("wide_blocks", "1,000 blocks that take and give 1,000 values", []byte{opBlock, baseTypes, opEnd}, 1_000),
		bomb("wide_loops", "500 loops that take and give 1,000 values", []byte{opLoop, baseTypes, opEnd}, 500),
	}
}

// wide is a type of n parameters and as many results.
func wide(n int) []byte {
	values := vector(repeat(n, i32)...)
	return cat([]byte{0x60}, values, values)
}

// mutable are n globals that can be set.
func mutable(n int) [][]byte { return repeat(n, i32, 1, opI32Const, 0, opEnd) }

// alive is a guest that sets n locals before the instructions and reads them after.
func alive(n int, instructions ...[]byte) func() module {
	return func() module {
		var set [][]byte
		for i := range n {
			set = append(set, op(opLocalGet, 0), constant(int8(i%50)), []byte{opI32Add}, op(opLocalSet, 1+i))
		}
		return module{process: code(n, cat(set...), cat(instructions...), read(n), constant(0))}
	}
}

// read reads n locals.
func read(n int) []byte {
	sum := [][]byte{constant(0)}
	for i := range n {
		sum = append(sum, op(opLocalGet, 1+i), []byte{opI32Add})
	}
	return cat(cat(sum...), op(opLocalSet, 0))
}
