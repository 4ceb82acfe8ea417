// Package chaos kills, cuts and damages a pipeline that writes exactly once, in every way it promises to bear, and compares what a plain
// reader finds in its sinks with what the input says must be there: nothing lost, nothing twice, in order.
//
// A seed says what is produced when, what strikes when, and how hard; see plan.go. Broker and pipeline are processes of their own, made with
// the build tag faults, and all they say to each other goes through a proxy. The seed repeats the choices, not what the machine does with
// them: a failure that depends on a race may need a few tries.
//
//	go test ./test/chaos -count=1                                                 # two small seeds
//	CHAOS_SEEDS=300 CHAOS_JSON=chaos.json go test ./test/chaos -count=1 -timeout 0   # seeds 1 to 300, with a summary
//	go test ./test/chaos -count=1 -v -seed 17                                     # one seed again, telling what strikes
//
// With 30 seeds or more, a kind of fault that never struck is a failure, too: it was not tried. CHAOS_WEIR names a binary that was made with
// the tag; otherwise one is made. It needs Linux: it takes from a running process the room for its files, and uses a second loopback address.
package chaos
