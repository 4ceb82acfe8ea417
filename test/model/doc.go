// Package model is a model of how lanes write each record exactly once: every order of steps and faults, tried out at small sizes.
//
// A State is one moment of the world: lanes with their checkpoints and processes, requests under way, the logs of the sink's partitions. Step
// by step (Config.Next) lanes read, claim, look, send, save and commit, and faults strike: connections are given up and their requests arrive
// late, processes die or lose their lock and go on regardless, checkpoints are damaged, the broker forgets, the sink grows, a lane is
// rewound, its plan changes. Explore visits all states that can be reached, the nearest first, and shows the shortest way to one where
// a property is violated.
//
// The embedded broker takes no ordinal twice and knows claims: a process claims its writer before it looks, and again with every new connection;
// then nothing is appended any more that was sent over another one. So a look is final, and what rests on it holds whoever else is alive.
// It remembers who has a writer as long as it lives. A plain broker appends whatever comes.
//
// What is one step here is either durable as a whole in weir (a file renamed, a batch appended) or commutes with what the others do.
// Records lie one by one in a log, since where batches were cut means nothing to those who read ordinals.
//
// The properties, which hold after every step; the first is judged over all that can follow:
//
//  1. Nothing is lost, nothing gets stuck: from everywhere the lanes can still get to the end of their source with all of it written,
//     if faults cease. (On a plain broker not where a request has arrived late: it may leave a gap that every start finds.)
//  2. Idempotent broker: everybody who reads sees each record once, and in the lane's order within a partition.
//  3. Plain broker, one process at a time: everybody sees each record once, and in the lane's order within a partition, unless a request arrives after
//     its writer was looked for. Even then whoever drops stale records does, as long as writer ids are not drawn anew.
//  4. A checkpoint covers only what is in the sink, and, on the embedded broker, its position has nothing before it that its ordinals leave open.
//  5. What is committed to the source is covered by a checkpoint that was durable before.
//  6. A writer, a partition and an ordinal name the same record for ever, whoever sends it.
//  7. No lane goes back to a writer id after it has sent anything with a later one.
//
// A rewind begins a new life: what is said of each record goes for each life by itself, and for all of them together where nothing is to be
// lost.
package model
