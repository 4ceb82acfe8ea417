package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/engine"
	"github.com/weir-stream/weir/host/option"
)

// engineName takes weir.engine: the name of one of this build's engines, "" for the one that the command runs on.
func engineName(bag *option.Bag) string {
	name := bag.String("weir.engine", "")
	engines := builtin.Engines()
	if _, there := engines[name]; there || name == "" {
		return name
	}
	want := strings.Join(slices.Sorted(maps.Keys(engines)), " or ")
	if name == "wasmtime" {
		want += " (wasmtime is not in this build)"
	}
	bag.Reject("weir.engine", want)
	return ""
}

// engineNamed is the engine of that name, opened once; "" is the one that everything else runs on.
func (m *modules) engineNamed(name string) (engine.Engine, error) {
	if name == "" || name == m.engine.Name() {
		return m.engine, nil
	}
	if e := m.others[name]; e != nil {
		return e, nil
	}
	e, err := builtin.Engines()[name](cacheDir(), m.log)
	if err != nil {
		return nil, err
	}
	m.others[name] = e
	return e, nil
}

// closeOthers closes the engines that engineNamed opened, once nothing runs on them.
func (m *modules) closeOthers(ctx context.Context) (err error) {
	for _, e := range m.others {
		err = errors.Join(err, e.Close(ctx))
	}
	clear(m.others)
	return err
}
