package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/internal/fault"
)

// memoryDisk is the folder lane-0 and what is beside it, which is known by its name. Its steps can be made to fail, or to be the last before
// a crash. What a step did to a folder is lost when the power goes before its next sync: any of it, in any combination.
type memoryDisk struct {
	seen    map[string][]byte // by name
	durable map[string][]byte
	since   []change // the last sync

	left  int  // steps before something happens
	crash bool // the next one is the last: it panics; else it fails
	torn  int  // how much of a file is left behind when writing it is interrupted
}

// change is that a name means a file, or none.
type change []struct {
	name string
	file []byte
}

var (
	errCrash = errors.New("crashed")
	errFull  = &fs.PathError{Op: "write", Path: "somewhere", Err: errors.New("no space left on device")}
)

func newMemoryDisk() *memoryDisk {
	return &memoryDisk{seen: map[string][]byte{}, durable: map[string][]byte{}, left: -1}
}

func (m *memoryDisk) step() error {
	m.left--
	if m.left != -1 {
		return nil
	}
	if m.crash {
		panic(errCrash)
	}
	return errFull
}

func apply(to map[string][]byte, c change) {
	for _, entry := range c {
		if entry.file == nil {
			delete(to, entry.name)
		} else {
			to[entry.name] = entry.file
		}
	}
}

func (m *memoryDisk) do(c change) {
	apply(m.seen, c)
	m.since = append(m.since, c)
}

func (m *memoryDisk) mkdir(string) error { return nil }

func (m *memoryDisk) list(string) (names []string, err error) {
	return slices.Collect(maps.Keys(m.seen)), nil
}

func (m *memoryDisk) read(path string, limit int64) ([]byte, error) {
	file, ok := m.seen[filepath.Base(path)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return file[:min(int64(len(file)), limit+1)], nil
}

func (m *memoryDisk) write(path string, data []byte) error {
	m.do(change{{"." + filepath.Base(path) + "77", data[:m.torn%(len(data)+1)]}}) // left behind by a crash right after this
	if err := m.step(); err != nil {
		m.do(change{{"." + filepath.Base(path) + "77", nil}})
		return err
	}
	m.do(change{{"." + filepath.Base(path) + "77", nil}, {filepath.Base(path), bytes.Clone(data)}})
	return nil
}

func (m *memoryDisk) rename(from, to string) error {
	if err := m.step(); err != nil {
		return err
	}
	m.do(change{{filepath.Base(to), m.seen[filepath.Base(from)]}, {filepath.Base(from), nil}})
	return nil
}

func (m *memoryDisk) remove(path string) error {
	if _, ok := m.seen[filepath.Base(path)]; !ok {
		return fs.ErrNotExist
	}
	if err := m.step(); err != nil {
		return err
	}
	m.do(change{{filepath.Base(path), nil}})
	return nil
}

func (m *memoryDisk) sync(dir string) error {
	if err := m.step(); err != nil {
		return err
	}
	m.since = slices.DeleteFunc(m.since, func(c change) bool {
		beside := strings.HasPrefix(strings.TrimPrefix(c[0].name, "."), "lane-0.")
		if beside == (dir == "lane-0") {
			return false
		}
		apply(m.durable, c)
		return true
	})
	return nil
}

// wipe removes all checkpoints, as somebody might, for good.
func (m *memoryDisk) wipe() {
	for _, name := range slices.Collect(maps.Keys(m.seen)) {
		if _, ok := epochOf(strings.TrimSuffix(name, damagedSuffix)); ok {
			m.do(change{{name, nil}})
		}
	}
	if err := m.sync("lane-0"); err != nil {
		panic(err)
	}
}

// losePower keeps of what was not synced only what is chosen.
func (m *memoryDisk) losePower(keep func() bool) {
	for _, c := range m.since {
		if keep() {
			apply(m.durable, c)
		}
	}
	m.seen, m.since = maps.Clone(m.durable), nil
}

// counts tells how many checkpoint files there are, how many of them are damaged, and how many of those have no newer one that is whole.
func (m *memoryDisk) counts() (all, broken, newest int) {
	for _, name := range slices.Sorted(maps.Keys(m.seen)) {
		if _, ok := epochOf(name); !ok {
			continue
		}
		all++
		newest++
		if _, err := decode(m.seen[name]); err == nil {
			newest = 0
		} else {
			broken++
		}
	}
	return all, broken, newest
}

// spoil damages the newest whole file in one of several ways. If it was the last whole one with its next offset, it returns that.
func (m *memoryDisk) spoil(how int) (lost int64, ok bool) {
	newest := ""
	for name := range m.seen {
		_, ok := epochOf(name)
		if _, err := decode(m.seen[name]); ok && err == nil {
			newest = max(newest, name)
		}
	}
	file := bytes.Clone(m.seen[newest])
	was, err := decode(file)
	if err != nil { // there is none
		return 0, false
	}
	switch {
	case how%4 == 0:
		file = []byte("x")
	case how%4 == 1:
		file = []byte{}
	case how%4 == 2:
		file = file[:how%len(file)]
	default:
		file[how%len(file)] ^= 1 << (how % 7)
	}
	spoilt := change{{newest, file}}
	apply(m.seen, spoilt)
	apply(m.durable, spoilt)
	for i, c := range m.since { // where it is not durable yet, what may become so is damaged, too
		for j := range c {
			if c[j].name == newest && c[j].file != nil {
				m.since[i][j].file = file
			}
		}
	}
	for _, file := range m.seen {
		if c, err := decode(file); err == nil && c.Next == was.Next {
			return 0, false
		}
	}
	return was.Next, true
}

// machine is a lane that goes through saves, crashes, damage and opens, and what has to hold of it.
type machine struct {
	t     *rapid.T
	disk  *memoryDisk
	keep  int // checkpoints of a lane
	log   bytes.Buffer
	lane  *dirLane
	next  int64 // of the newest checkpoint that anybody tried to save
	draw  int64 // of the newest writer id that anybody tried to save
	acked Checkpoint
	ok    bool    // acked is one
	past  []int64 // the next offsets of acked and of those that were before it
	tried map[string]bool
	twice map[int64]bool // next offsets that anybody tried to save twice
	lost  map[int64]bool // next offsets of which there is no whole file any more
	wiped bool           // somebody removed all files
	over  bool           // nothing is left to go on from
}

// shape is a checkpoint but for its epoch.
func shape(c Checkpoint) string { return fmt.Sprint(c.Next, c.Sinks) }

// crashes runs do, and says whether it crashed.
func (m *machine) crashes(do func()) (crashed bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != errCrash {
				panic(r)
			}
			crashed = true
		}
	}()
	do()
	return false
}

// hazard makes one of the next steps the last, or fail, or none.
func (m *machine) hazard() {
	m.disk.left, m.disk.torn = -1, rapid.IntRange(0, 400).Draw(m.t, "torn")
	if rapid.Bool().Draw(m.t, "hazard") {
		m.disk.left, m.disk.crash = rapid.IntRange(0, 9).Draw(m.t, "step"), rapid.Bool().Draw(m.t, "crash")
	}
}

// end is the end of the process, or of the power.
func (m *machine) end() {
	m.lane, m.disk.left = nil, -1
	if rapid.Bool().Draw(m.t, "power lost") {
		m.disk.losePower(func() bool { return rapid.Bool().Draw(m.t, "kept") })
	}
}

func (m *machine) open() {
	if m.lane != nil {
		m.end()
	}
	all, broken, newest := m.disk.counts()
	m.hazard()
	m.log.Reset()
	l := &dirLane{
		id: laneID{"late", "flights", 0}, dir: "lane-0", keep: m.keep, files: m.disk, log: slog.New(slog.NewTextHandler(&m.log, nil)),
	}
	var err error
	if m.crashes(func() { err = l.load() }) {
		m.end()
		return
	}
	m.disk.left = -1
	if errors.Is(err, ErrDamaged) {
		if all > broken || all == 0 && !m.wiped {
			m.t.Fatalf("%d of %d files are damaged: %v", broken, all, err)
		}
		m.over = true
		return
	}
	if err != nil {
		if !strings.Contains(err.Error(), "no space") || fault.Of(err) != fault.Environment {
			m.t.Fatal(err)
		}
		return
	}
	got, ok := l.Last()
	if !ok && (m.ok || all > 0) { // also where all files were removed
		m.t.Fatalf("opened nothing, where there are %d files", all)
	}
	if ok {
		m.opened(got, newest)
	}
	m.lane = l
}

// opened checks what was opened where so many of the newest files were damaged.
func (m *machine) opened(got Checkpoint, newest int) {
	if !m.tried[shape(got)] {
		m.t.Fatalf("opened %+v, which nobody saved", got)
	}
	gone := int64(-1) // what was saved before something that was saved twice, of which both files were damaged
	for next := range m.lost {
		if m.lost[next] && m.twice[next] {
			gone = max(gone, next)
		}
	}
	kept := m.past[max(0, len(m.past)-m.keep):] // of those before them some may be there: a removal that failed, or that the power loss undid
	for _, next := range kept {
		if next > max(got.Next, gone) && !m.lost[next] {
			m.t.Fatalf("opened %d, where %v were durable and %v damaged", got.Next, kept, m.lost)
		}
	}
	before, now := m.acked.Sinks["table late"].Writer, got.Sinks["table late"].Writer
	if m.ok && now < before {
		m.t.Fatalf("went back from writer %d to writer %d", before, now)
	}
	if lines := strings.Count(m.log.String(), "\n"); lines < newest {
		m.t.Fatalf("%d files were damaged, %d are reported:\n%s", newest, lines, &m.log)
	}
	m.durable(got)
}

// durable says that c is the newest from now on.
func (m *machine) durable(c Checkpoint) {
	m.acked, m.ok = c, true
	if m.twice[c.Next] { // the older ones go, or are gone
		m.past = nil
	}
	m.past = slices.DeleteFunc(m.past, func(next int64) bool { return next >= c.Next })
	m.past = append(m.past, c.Next)
}

func (m *machine) save(twice bool) {
	m.next++
	c := place("late", 0, m.next)
	switch {
	case twice && rapid.Bool().Draw(m.t, "redraw"):
		m.draw++
		c = drawn(c, m.draw)
	case m.acked.Sinks["table late"].Writer != 0:
		c = drawn(c, m.acked.Sinks["table late"].Writer)
	}
	c.Epoch = m.acked.Epoch + 1
	m.tried[shape(c)], m.twice[c.Next] = true, twice
	m.hazard()
	var err error
	crashed := m.crashes(func() {
		if twice {
			err = m.lane.SaveTwice(c)
		} else {
			err = m.lane.Save(c)
		}
	})
	m.disk.left = -1
	if crashed {
		m.end()
		return
	}
	last, ok := m.lane.Last()
	if err == nil {
		m.durable(last)
		if shape(last) != shape(c) {
			m.t.Fatalf("saved %+v, last is %+v", c, last)
		}
		return
	}
	if m.lane.drawing && !twice {
		return // refused, as it has to be
	}
	if !strings.Contains(err.Error(), "no space") || fault.Of(err) != fault.Environment {
		m.t.Fatal(err)
	}
	if ok && m.ok && shape(last) == shape(c) { // it is durable, and an old one could not be removed
		m.durable(last)
	}
}

// spoil damages some of the newest files.
func (m *machine) spoil() {
	for range rapid.IntRange(1, 3).Draw(m.t, "spoilt") {
		next, ok := m.disk.spoil(rapid.IntRange(0, 1<<20).Draw(m.t, "how"))
		m.lost[next] = m.lost[next] || ok
	}
}

// TestEveryWayToCrash: what is opened was saved; with the newest file damaged it is at most one older than the newest that was durable; it
// is never one of older writer ids than a lane had gone on with.
func TestEveryWayToCrash(t *testing.T) {
	for range 10 { // a check is a hundred runs
		rapid.Check(t, everyWayToCrash)
	}
}

func everyWayToCrash(t *rapid.T) {
	m := &machine{t: t, disk: newMemoryDisk(), keep: 3, tried: map[string]bool{}, twice: map[int64]bool{}, lost: map[int64]bool{}}
	for n := rapid.IntRange(1, 40).Draw(t, "actions"); n > 0 && !m.over; n-- {
		if m.lane == nil {
			m.open()
			continue
		}
		switch rapid.IntRange(0, 9).Draw(t, "action") {
		case 0, 1:
			m.end()
		case 2:
			m.spoil()
		case 3:
			m.end()
			if rapid.IntRange(0, 9).Draw(t, "wiped") > 0 {
				m.spoil()
				break
			}
			m.disk.wipe()
			m.wiped = true
		case 4, 5:
			m.save(true)
		default:
			m.save(false)
		}
	}
}

// TestWhatIsFoundIsDurableBeforeDamageIsSetAside: a checkpoint was written right before a crash, the one before it is damaged. Were the
// power lost while that is renamed, with the rename kept and the newer one not, nothing would be left.
func TestWhatIsFoundIsDurableBeforeDamageIsSetAside(t *testing.T) {
	for left := range 8 {
		m := newMemoryDisk()
		m.do(change{{fileName(1), []byte("torn")}})
		m.losePower(func() bool { return true })
		_, file := at(t, 2, 0)
		m.do(change{{fileName(2), file}})
		m.left, m.crash = left, true
		run := machine{disk: m}
		run.crashes(func() {
			l := &dirLane{id: laneID{"late", "flights", 0}, dir: "lane-0", keep: 3, files: m, log: slog.New(slog.DiscardHandler)}
			if err := l.load(); err != nil {
				t.Error(err)
			}
		})
		n := 0
		m.losePower(func() bool { n++; return n > 1 }) // the first change that was not synced is lost
		if all, broken, _ := m.counts(); all-broken == 0 && broken == 0 {
			t.Errorf("a crash at step %d leaves nothing", left)
		}
	}
}
