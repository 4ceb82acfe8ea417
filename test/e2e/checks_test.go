package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// checks maps what delivery has to bear to the tests that show it with real processes, and to those that do so in more detail below. test/chaos
// mixes all of it at random, and test/model explores the protocol.
var checks = []struct{ check, tests string }{
	{"a pipeline goes on behind its last checkpoint, and a checkpoint leaves nothing unconfirmed",
		"test/e2e:TestCommandsCompose test/e2e:TestTheEndOfARunFlushesItsSinks host/pipeline:TestGoesOnFromAFolder host/connector/fluvioconn:TestBank"},
	{"whatever bytes a record has, it becomes rows or is rejected, and its neighbours come through",
		"test/e2e:TestBadRecordsLeaveTheirNeighboursAlone host/format/jsonformat:FuzzDecode host/framing:FuzzSplit host/pipeline:TestCutsMakeNoDifference"},
	{"killed between any two steps of write, confirm, checkpoint and commit: nothing lost from the earliest or the latest record, nothing twice with exactly once",
		"test/e2e:TestKilledBetweenAnyTwoSteps test/e2e:TestKillsOfWeirRunLoseNothing host/pipeline:TestEveryFailureIsSurvived " +
			"host/pipeline:TestKilledAgainAndAgain host/checkpoint:TestEveryWayToCrash"},
	{"killed before the first record: the latest record is still that of the first start",
		"test/e2e:TestLatestIsPinnedAtTheFirstStart host/pipeline:TestFirstStartThatBrokeOff"},
	{"one to 2n workers on n partitions: idle ones stay up, and a partition that is added is read from its beginning",
		"test/e2e:TestIdleWorkersStayUp host/pipeline:TestPartitionsAddedWhileRunning host/pipeline:TestNewPartitionsBeginAtTheirBeginning " +
			"host/pipeline:TestIdleWorkerWaitsUntilDrained"},
	{"restarted with another number of workers", "test/e2e:TestLanesGoOnAtOtherWorkers host/pipeline:TestWorkersShareThePartitions"},
	{"a quiet partition goes on at its exact offset after two restarts", "test/e2e:TestAQuietPartitionGoesOnAtItsExactOffset"},
	{"a topic that is deleted and made again stops the pipeline",
		"test/e2e:TestASourceThatWasMadeAgainStopsThePipeline test/e2e:TestASinkThatWasMadeAgainStopsExactlyOnce " +
			"host/pipeline:TestFewerPartitionsEndTheRun host/pipeline:TestSourceMadeAgain host/pipeline:TestSinkMadeAgain"},
	{"retention that has overtaken the offset stops the pipeline, or is skipped and counted",
		"test/e2e:TestRetentionThatOvertookTheOffset host/pipeline:TestRetentionBeforeAStart host/pipeline:TestRetentionWhileRunning"},
	{"one bad row in a hundred costs one row in a hundred: counted exactly, and each retrievable with its place, reason and bytes",
		"test/e2e:TestOnePercentOfBadRowsCostsOnePercent test/e2e:TestPoisonRowsLeaveAloneWithEverythingElseInOrder"},
	{"what was rejected comes back", "test/e2e:TestDeadLettersComeBackOnceTheTableIsMended test/e2e:TestAKilledReplayWritesNothingTwice"},
	{"a sink's records have keys only where one is configured", "test/e2e:TestKeysAreAbsentUnlessConfigured host/connector/fluvioconn:TestBank"},
	{"closing a sink flushes it",
		"test/e2e:TestTheEndOfARunFlushesItsSinks test/e2e:TestDrainOnSIGTERMLosesAndRepeatsNothing test/e2e:TestASignalThatComesTwiceIsOne"},
	{"a delivery that fails is told before the checkpoint, which does not complete",
		"test/e2e:TestAFailedDeliveryIsToldBeforeTheCheckpoint test/e2e:TestSIGTERMDoesNotWaitForABrokerThatIsGone test/e2e:TestARowThatNoBatchCarriesIsNamed " +
			"host/pipeline:TestRowLargerThanABatchStopsWithItsPlace"},
	{"a broker that dies and comes back is outlived", "test/e2e:TestPipelineOutlivesTheBroker test/e2e:TestAcknowledgedRecordsSurviveKillsOfTheBroker"},
}

// TestEveryCheckHasItsTests keeps the table true.
func TestEveryCheckHasItsTests(t *testing.T) {
	there := map[string]map[string]bool{} // by folder
	for _, c := range checks {
		for _, test := range strings.Fields(c.tests) {
			folder, name, _ := strings.Cut(test, ":")
			if there[folder] == nil {
				there[folder] = testsIn(t, folder)
			}
			if !there[folder][name] {
				t.Errorf("%s: %s has no %s", c.check, folder, name)
			}
		}
	}
}

// testsIn names the tests and fuzz targets of a folder.
func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(repository, folder, "*_test.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", folder, err, fs.ErrNotExist)
	}
	names := map[string]bool{}
	for _, path := range paths {
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
