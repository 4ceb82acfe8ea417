package app

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-stream/weir/host/pipeline"
)

// mostPartitions is how many partitions of a pipeline's source are shown each, the lowest numbers. A topic may have any
// number.
const mostPartitions = 100

// other is the label of what is not shown by itself.
const other = pipeline.OtherCode

// runCollector shows what a run's pipelines count. It reads atomics, and nothing of it waits for the cluster.
type runCollector struct{ run *watchedRun }

var _ prometheus.Collector = runCollector{}

func describeRun(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("weir_"+name, help, append([]string{"pipeline"}, labels...), nil)
}

// What there is to see. Labels have few values: the file's pipelines and functions, the partitions up to mostPartitions, the
// codes up to pipeline.MostCodes, and words of weir's own.
var (
	runState = describeRun("pipeline_state", "1 for the state that the pipeline is in, 0 for the others. A pipeline that is failed stays so until weir is started again.", "state")
	runLanes = describeRun("lanes", "Lanes, one a source partition of this worker, by what they do. One that failed has stopped the others of its pipeline.", "state")

	runRecords = describeRun("records_total", "Records read from the source (in), and confirmed by the sinks (out), dead letters aside.", "direction")
	runRows    = describeRun("rows_total", "Rows decoded (in), and confirmed by the sinks (out).", "direction")
	runCarried = describeRun("carried_rows_total", "Rows made for the sinks with bytes of their records: whole records (verbatim), or values of them (patched). "+
		"The others were encoded.", "way")
	runBytes = describeRun("record_bytes_total", "Bytes of the values of records read (in), and confirmed by the sinks (out).", "direction")
	runLag   = describeRun("lag_records", "Offsets between the partition's end and the lane's checkpoint: what is still to do. The end is asked for every 5 s; "+
		"while the cluster is out of reach it is what it was. Of many partitions the first 100 are shown each, the others summed as other.", "topic", "partition")

	runRejected = describeRun("rejected_rows_total", "Rows that did not go on: could not be decoded (bad_data), rejected by a module, or ones that a module fails on alone (poison). "+
		"Of many codes the first 64 are shown each, the rest as other.", "reason", "code")
	runLetters = describeRun("dead_letters_total", "Dead letters that their topic has confirmed.", "code")

	runStages   = describeRun("stage_seconds_total", "Time that lanes worked in each stage, summed; guest is within operators. The stage that grows fastest is what limits the throughput.", "stage")
	runQueue    = describeRun("queue_bytes", "Bytes held between reading and writing. Near the limit for long: the sink or the modules are slower than the source.")
	runQueueMax = describeRun("queue_limit_bytes", "Bytes that may be held between reading and writing; then reading waits.")

	runAge      = describeRun("checkpoint_age_seconds", "For how long a lane has read records that no checkpoint covers, of the lane where that is longest: what a crash would do again. 0: none has.")
	runSaves    = describeRun("checkpoint_duration_seconds", "Time to make a checkpoint durable, of those that were saved.")
	runNotSaved = describeRun("checkpoint_failures_total", "Checkpoints that could not be saved. Each ends its lane.")

	runRetries  = describeRun("retries_total", "Failures that were tried again, by what failed: the source, a sink or a topic of dead letters.", "part")
	runTrouble  = describeRun("out_of_reach_seconds", "For how long nothing has worked that was tried. 0: it works, or nothing was tried.", "part")
	runRepeated = describeRun("suppressed_duplicates_total", "Records that were made again after a restart and not written again, since the sink had them.")
	runStale    = describeRun("stale_records_total", "Records of batches that their writer had sent before, which were left out when they were read.")
	runGivenUp  = describeRun("given_up_records_total", "Records and dead letters that could not be confirmed and were given up, as at_most_once says.")
	runLost     = describeRun("lost_records_total", "Records that retention had removed before they were read, where the table says to go on without them.")

	moduleInfo      = describeRun("module_info", "Always 1; hash says which module the function runs.", "function", "hash")
	moduleCalls     = describeRun("module_calls_total", "Calls of the module, one a batch, and more where it failed on one.", "function")
	moduleSeconds   = describeRun("module_seconds_total", "Wall time of the calls.", "function")
	moduleFuel      = describeRun("module_fuel_total", "Fuel that the calls consumed, about a unit an instruction.", "function")
	moduleFailures  = describeRun("module_failures_total", "Calls that failed, by why: a trap of the module's, a limit, a broken rule of the ABI, an answer that says so.", "function", "class")
	moduleRestores  = describeRun("module_restores_total", "Times that an instance was put back to what opening made of it: after a failure, and now and then.", "function")
	moduleInstances = describeRun("module_instances", "Instances of the module that are open.", "function")
	moduleMemory    = describeRun("module_memory_bytes", "Memory of the open instances together.", "function")
	moduleMemoryMax = describeRun("module_memory_limit_bytes", "Memory that one instance may have, weir.memory.", "function")

	runDescs = []*prometheus.Desc{runState, runLanes, runRecords, runRows, runCarried, runBytes, runLag, runRejected, runLetters, runStages, runQueue, runQueueMax,
		runAge, runSaves, runNotSaved, runRetries, runTrouble, runRepeated, runStale, runGivenUp, runLost, moduleInfo, moduleCalls, moduleSeconds, moduleFuel,
		moduleFailures, moduleRestores, moduleInstances, moduleMemory, moduleMemoryMax}
)

// Describe sends every description.
func (runCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range runDescs {
		out <- d
	}
}

// Collect sends what there is now.
func (c runCollector) Collect(out chan<- prometheus.Metric) {
	now := time.Now()
	for _, p := range c.run.pipelines {
		m := pipelineScrape{scrape{out}, p.name}
		m.flow(p.stats)
		m.lanes(p.stats.Lanes(), now)
		m.checkpoints(p.stats)
		m.trouble(p.stats, now)
		for state, name := range pipelineStates {
			m.gauge(runState, oneIf(int(p.stats.Phase()) == state), name)
		}
		for _, s := range p.modules {
			m.module(s)
		}
	}
}

// pipelineScrape sends metrics of one pipeline.
type pipelineScrape struct {
	to       scrape
	pipeline string
}

func (m pipelineScrape) counter(d *prometheus.Desc, v float64, labels ...string) {
	m.to.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, append([]string{m.pipeline}, labels...)...)
}

func (m pipelineScrape) gauge(d *prometheus.Desc, v float64, labels ...string) {
	m.to.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{m.pipeline}, labels...)...)
}

func (m pipelineScrape) codes(d *prometheus.Desc, c *pipeline.Codes, labels ...string) {
	for code, n := range c.All() {
		m.counter(d, float64(n), append(slices.Clone(labels), strings.ToValidUTF8(code, "?"))...)
	}
}

// flow is what goes through the pipeline and what does not.
func (m pipelineScrape) flow(s *pipeline.Stats) {
	m.counter(runRecords, float64(s.RecordsIn.Load()), "in")
	m.counter(runRecords, float64(s.RecordsOut.Load()), "out")
	m.counter(runRows, float64(s.RowsIn.Load()), "in")
	m.counter(runRows, float64(s.RowsOut.Load()), "out")
	m.counter(runCarried, float64(s.Verbatim.Load()), "verbatim")
	m.counter(runCarried, float64(s.Patched.Load()), "patched")
	m.counter(runBytes, float64(s.BytesIn.Load()), "in")
	m.counter(runBytes, float64(s.BytesOut.Load()), "out")
	m.codes(runRejected, &s.BadData, "bad_data")
	m.codes(runRejected, &s.Refused, "module")
	m.codes(runRejected, &s.Poison, "poison")
	m.codes(runLetters, &s.LetterCodes)
	m.counter(runRepeated, float64(s.Suppressed.Load()))
	m.counter(runStale, float64(s.Stale.Load()))
	m.counter(runGivenUp, float64(s.GivenUp.Load()))
	m.counter(runLost, float64(s.Lost.Load()))
	stages := seconds(s)
	m.counter(runStages, stages.Decode, "decode")
	m.counter(runStages, stages.Operators, "operators")
	m.counter(runStages, stages.Guest, "guest")
	m.counter(runStages, stages.Encode, "encode")
	m.counter(runStages, stages.Write, "write")
	m.counter(runStages, stages.Checkpoint, "checkpoint")
	used, limit := s.Queue()
	m.gauge(runQueue, float64(used))
	m.gauge(runQueueMax, float64(limit))
}

// laneStates are the states of a lane, in the order of pipeline.LaneState.
var laneStates = [...]string{"opened", "running", "ended", "failed"}

func (m pipelineScrape) lanes(lanes []*pipeline.LaneStats, now time.Time) {
	var states [len(laneStates)]int
	var oldest time.Duration
	var rest int64
	hidden := false
	for i, l := range lanes {
		states[l.State()]++
		oldest = max(oldest, l.Uncovered(now))
		lag, known := l.Lag()
		switch {
		case !known:
		case i < mostPartitions:
			m.gauge(runLag, float64(lag), l.Topic, strconv.FormatUint(uint64(l.Partition), 10))
		default:
			rest += lag
			hidden = true
		}
	}
	if hidden {
		m.gauge(runLag, float64(rest), lanes[0].Topic, other)
	}
	for state, n := range states {
		m.gauge(runLanes, float64(n), laneStates[state])
	}
	m.gauge(runAge, oldest.Seconds())
}

func (m pipelineScrape) checkpoints(s *pipeline.Stats) {
	count, sum, upTo := s.Saves.Snapshot()
	m.to.out <- prometheus.MustNewConstHistogram(runSaves, count, sum, upTo, m.pipeline)
	m.counter(runNotSaved, float64(s.SaveFailures.Load()))
}

func (m pipelineScrape) trouble(s *pipeline.Stats, now time.Time) {
	for part := range pipeline.Parts {
		t := &s.Parts[part]
		lasts, _ := t.OutOfReach(now)
		m.counter(runRetries, float64(t.Retries.Load()), part.String())
		m.gauge(runTrouble, lasts.Seconds(), part.String())
	}
}

func (m pipelineScrape) module(s *moduleStats) {
	m.gauge(moduleInfo, 1, s.function, s.hash)
	m.counter(moduleCalls, float64(s.calls.Load()), s.function)
	m.counter(moduleSeconds, time.Duration(s.nanos.Load()).Seconds(), s.function)
	m.counter(moduleFuel, float64(s.fuel.Load()), s.function)
	for i, class := range failureClasses {
		m.counter(moduleFailures, float64(s.failures[i].Load()), s.function, class)
	}
	m.counter(moduleRestores, float64(s.restores.Load()), s.function)
	m.gauge(moduleInstances, float64(s.instances.Load()), s.function)
	m.gauge(moduleMemory, float64(s.memory.Load()), s.function)
	m.gauge(moduleMemoryMax, float64(s.limit()), s.function)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
