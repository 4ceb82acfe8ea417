package broker

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/renameio/v2"

	"github.com/weir-stream/weir/fluvio/broker/internal/commitlog"
	"github.com/weir-stream/weir/fluvio/internal/wire"
	"github.com/weir-stream/weir/fluvio/protocol"
)

const (
	modulesFolder = "smartmodules"
	moduleSuffix  = ".sm"
	// moduleMagic begins every file; the number is the version of the format.
	moduleMagic = "weir SmartModule 1\n"
	// moduleVersion is the protocol version at which specs are kept.
	moduleVersion = 19
	// maxModuleName bounds the name of a SmartModule's file without its suffix, in bytes.
	maxModuleName = 200
	// largestModule bounds the code of one, in bytes as it is sent.
	largestModule = 16 << 20
	// largestMeta bounds what is told of one beside its code: its package and parameters, in bytes as they are sent. Decoded they may take twenty times
	// as much, and lists show them all.
	largestMeta = 16 << 10
	// maxModules bounds how many there may be.
	maxModules = 1000
)

// smartModules is the SmartModules: on the disk, and in memory, where the limit on their bytes bounds them.
//
// Each has a file that holds
//
//	"weir SmartModule 1\n"
//	its name              a string as on the wire
//	its spec              as on the wire, protocol version 19: package, code as it came
//	SHA-256 of all that   32 bytes
//
// and that is replaced whole or not at all. A file that is damaged all the same is reported and left alone; its SmartModule is not there.
type smartModules struct {
	dir      string
	maxBytes int64 // of all code together

	mu      sync.RWMutex
	modules map[string]*smartModule
	bytes   int64
}

// smartModule is one of them. It never changes.
type smartModule struct {
	name string
	spec *protocol.SmartModuleSpec
}

// metaSize is how many bytes its package and parameters take as they are sent.
func (m *smartModule) metaSize() int {
	if m.spec.Meta == nil {
		return 0
	}
	return len(m.spec.Meta.AppendTo(nil, moduleVersion))
}

func (m *smartModule) size() int64 { return int64(len(m.spec.Wasm.Payload)) }

func (m *smartModule) object() *object {
	return &object{name: m.name, owner: m, metadata: func() protocol.Metadata {
		return protocol.Metadata{Name: m.name, Spec: m.spec, Status: &protocol.SmartModuleStatus{}}
	}}
}

// openSmartModules reads what there is. Temporary files of an interrupted change are removed.
func openSmartModules(cfg Config) (*smartModules, error) {
	s := &smartModules{dir: filepath.Join(cfg.Dir, modulesFolder), maxBytes: cfg.MaxSmartModuleBytes, modules: map[string]*smartModule{}}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		path := filepath.Join(s.dir, f.Name())
		if strings.HasPrefix(f.Name(), ".") {
			_ = os.Remove(path) // only untidy if it stays
			continue
		}
		m, err := readModule(path)
		if err != nil {
			cfg.Logger.Error("this SmartModule is damaged and not served; create it again, or remove its file", "file", path, "error", err)
			continue
		}
		s.modules[m.name] = m
		s.bytes += m.size()
	}
	return s, nil
}

// readModule reads one file.
func readModule(path string) (*smartModule, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > largestCreate {
		return nil, fmt.Errorf("a %v of %d bytes", info.Mode(), info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseModule(filepath.Base(path), b)
}

// parseModule reads what is in the file of that name.
func parseModule(file string, b []byte) (*smartModule, error) {
	body, ok := bytes.CutPrefix(b, []byte(moduleMagic))
	if !ok || len(body) < sha256.Size {
		return nil, errors.New("it does not begin as such a file does")
	}
	end := len(b) - sha256.Size
	if sum := sha256.Sum256(b[:end]); !bytes.Equal(sum[:], b[end:]) {
		return nil, errors.New("its checksum is wrong")
	}
	r := wire.NewReader(body[:len(body)-sha256.Size])
	m := &smartModule{name: r.String(), spec: &protocol.SmartModuleSpec{}}
	m.spec.ReadFrom(r, moduleVersion)
	if r.Err() != nil {
		return nil, r.Err()
	}
	if want := moduleFile(m.name); file != want {
		return nil, fmt.Errorf("it holds %q, whose file is %s", m.name, want)
	}
	return m, nil
}

// moduleFile is the name of a SmartModule's file: small letters, digits and some signs are kept, everything else is written as its number, so that
// every name is good on every file system.
func moduleFile(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		plain := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '+' || c == '.' && i > 0
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	return b.String() + moduleSuffix
}

// get returns a SmartModule that key names, or nil.
func (s *smartModules) get(key packageKey) *smartModule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(s.modules)) {
		if m := s.modules[name]; key.names(name, m.spec.Meta) {
			return m
		}
	}
	return nil
}

// has tells whether a SmartModule is kept under name.
func (s *smartModules) has(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.modules[name] != nil
}

// objects returns all as watchers see them.
func (s *smartModules) objects() []*object {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []*object
	for _, m := range s.modules {
		all = append(all, m.object())
	}
	return all
}

// totals returns how many there are, and the bytes of their code.
func (s *smartModules) totals() (n int, bytes int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.modules), s.bytes
}

// check says what is wrong with a SmartModule that is to be kept, or nil.
func (s *smartModules) check(m *smartModule) error {
	if n := len(moduleFile(m.name)) - len(moduleSuffix); n == 0 || n > maxModuleName {
		return fmt.Errorf("a name of %d bytes cannot be kept; use 1 to %d of a to z, 0 to 9, '-', '_', '.' and '+'", len(m.name), maxModuleName)
	}
	if m.size() > largestModule {
		return fmt.Errorf("its code has %d bytes, at most %d are allowed", m.size(), largestModule)
	}
	if n := m.metaSize(); n > largestMeta {
		return fmt.Errorf("its package and parameters have %d bytes, at most %d are allowed", n, largestMeta)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	total, n := s.bytes+m.size(), len(s.modules)+1
	if old := s.modules[m.name]; old != nil {
		total, n = total-old.size(), n-1
	}
	if total > s.maxBytes {
		return fmt.Errorf("with it the code of all SmartModules had %d bytes, at most %d are allowed: delete some", total, s.maxBytes)
	}
	if n > maxModules {
		return fmt.Errorf("there are %d SmartModules, no more are allowed: delete some", n-1)
	}
	return nil
}

// put keeps a SmartModule, in place of one of that name. When it returns nil, it is on the disk. The caller holds cluster.admin.
func (s *smartModules) put(m *smartModule) error {
	b := wire.AppendString([]byte(moduleMagic), m.name)
	b = m.spec.AppendTo(b, moduleVersion)
	sum := sha256.Sum256(b)
	path := filepath.Join(s.dir, moduleFile(m.name))
	if err := renameio.WriteFile(path, append(b, sum[:]...), 0o644, renameio.WithTempDir(s.dir)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	s.replace(m.name, m)
	return commitlog.SyncDir(s.dir)
}

// remove forgets a SmartModule. The caller holds cluster.admin.
func (s *smartModules) remove(name string) error {
	if err := os.Remove(filepath.Join(s.dir, moduleFile(name))); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.replace(name, nil)
	return commitlog.SyncDir(s.dir)
}

func (s *smartModules) replace(name string, m *smartModule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.modules[name]; old != nil {
		s.bytes -= old.size()
		delete(s.modules, name)
	}
	if m != nil {
		s.modules[name] = m
		s.bytes += m.size()
	}
}
