// Package chaos kills, cuts and damages a pipeline that writes exactly once, in every way it promises to bear, and compares what a plain
// reader finds in its sinks with what the input says must be there: nothing lost, nothing twice, in order.
//
// A seed says what is produced when, what strikes when, and how hard; see plan_test.go. Broker and pipeline are processes of their own, made
// with the build tag faults, and all they say to each other goes through proxies. The seed repeats the choices, not what the machine does
// with them: a failure that depends on a race may need a few tries.
//
//	make chaos SEEDS=300                                           # seeds 1 to 300, a summary on stdout and in build/chaos.json
//	go test ./test/chaos -count=1                                  # two small seeds
//	CHAOS_SEEDS=1 go test ./test/chaos -run TestSeeds -v -seed 17  # one seed again, telling what strikes
//
// A seed is ten runs of the pipeline on 20,000 flights, and one that nothing disturbs; every thirtieth goes over all 336,776. With 30 seeds
// or more, a kind of fault that never struck is a failure, too: it was not tried. What a failed seed leaves is kept, in build/chaos or the
// folder that CHAOS_KEEP names: what its processes said, its state folders, its broker's data, and what happened when.
//
// Room for files goes in two ways: the system cuts the files of the pipeline or the broker short (RLIMIT_FSIZE), or the disk that the state is
// on is really full. That one is a small file system in memory, mounted in a user namespace; where the system mounts none, files are cut
// short in its place, and 30 seeds or more fail since it was not tried.
//
// Where module or parameters change between two runs, the pipeline says where in each lane that takes effect. What is before must be as
// earlier runs make it, what is behind as the later ones do; see oracle_test.go.
//
// Beside the seeds, TestKilledUntilItIsThrough kills each run within 300 ms of its first new output, and the broker every second, until a
// run is through: over all flights where CHAOS_SEEDS is set.
//
// It needs Linux. CHAOS_WEIR names a binary that was made with the tag faults; otherwise one is made.
package chaos
