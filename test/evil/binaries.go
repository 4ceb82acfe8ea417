package evil

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-stream/weir/host/abi"
)

// customSections are bombs in what is not code: names, and sections that nobody asked for.
func customSections() []Attack {
	with := func(sections func() []byte) func() ([]byte, error) {
		return of(func() module { return module{custom: sections()} })
	}
	names := func(subsection []byte) []byte { return custom("name", subsection) }
	const dropped = "the name section is for traps only; what is malformed or too large is dropped"
	return []Attack{
		attack("custom_sections", "20,000 custom sections", "custom sections are counted", "refused module.malformed",
			with(func() []byte { return bytes.Repeat(custom("x", nil), 20_000) })),
		attack("custom_bytes", "a custom section of 32 MiB", "the module's size is bounded; unknown sections are not looked into", "harmless",
			with(func() []byte { return custom("x", make([]byte, 32<<20)) })),
		attack("names_many", "a name section of 20 MB, with names for a million functions", dropped, "harmless", with(func() []byte {
			entries := make([][]byte, 1_000_000)
			for i := range entries {
				entries[i] = cat(uleb(i), text("function with a name"))
			}
			return names(section(1, vector(entries...)))
		})),
		attack("names_lie", "a name section whose lengths and counts point far behind it", dropped, "harmless", with(func() []byte {
			return names([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f})
		})),
		attack("names_long", "a function with a name of a megabyte, of escape sequences and line ends, that traps",
			"names are cut, and shown without control characters", "weir_process trap.unreachable", of(func() module {
				name := cat(vector(cat(uleb(4), text(strings.Repeat("\x1b[2J\r\nERROR \u202e", 80_000)))))
				return module{process: code(0, []byte{opUnreachable}), custom: names(section(1, name))}
			})),
		attack("names_module", "a module that names itself as the host's are", "modules are instantiated without a name, each in a runtime of its own", "harmless",
			with(func() []byte { return names(section(0, text(abi.ImportModule))) })),
	}
}

// brokenBinaries are files that are no modules, or no whole ones.
func brokenBinaries() []Attack {
	const rule = "the binary is decoded as a whole before any of it is used"
	raw := func(s string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(s), nil } }
	// changed is the plain guest with its first occurrence of old replaced.
	changed := func(old, replacement string) func() ([]byte, error) {
		return func() ([]byte, error) {
			b, err := module{}.bytes()
			if err == nil && !bytes.Contains(b, []byte(old)) {
				err = errors.New("the guest has changed: what was to be broken is not in it")
			}
			return bytes.Replace(b, []byte(old), []byte(replacement), 1), err
		}
	}
	all := []Attack{
		attack("file_empty", "an empty file", rule, "refused module.not_wasm", raw("")),
		attack("file_text", "a guest in WebAssembly text", rule, "refused module.not_wasm", raw("(module)")),
		attack("file_huge", "a file of one byte more than 64 MiB", "the size is looked at first", "refused module.size",
			func() ([]byte, error) {
				return append([]byte("\x00asm\x01\x00\x00\x00"), make([]byte, abi.LimitModuleBytes-7)...), nil
			}),
		attack("file_version", "a module of version 2", rule, "refused module.malformed", raw("\x00asm\x02\x00\x00\x00")),
		attack("component", "a component, with a core module in it", "components are recognised by their version and layer", "refused module.component", raw("\x00asm\x0d\x00\x01\x00")),
		attack("sections_twice", "two memory sections, of which one decoder would see the first and another the last", rule, "refused module.malformed",
			changed("\x05\x03\x01\x00\x02", "\x05\x03\x01\x00\x02\x05\x03\x01\x00\x03")),
		attack("sections_order", "an element section before the memory section", rule, "refused wasm.malformed",
			changed("\x05\x03\x01\x00\x02", "\x09\x01\x00\x05\x03\x01\x00\x02")),
		attack("section_unknown", "a section of a number that there is not", "what the sandbox does not know it refuses", "refused wasm.malformed",
			changed("\x05\x03\x01\x00\x02", "\x05\x03\x01\x00\x02\x7f\x00")),
		attack("section_long", "a memory section with a byte too many", rule, "refused wasm.malformed", changed("\x05\x03\x01\x00\x02", "\x05\x04\x01\x00\x02\x00")),
		attack("number_long", "a number in six bytes, of which some decoders read five", rule, "refused module.malformed",
			changed("\x05\x03\x01\x00\x02", "\x05\x08\x01\x00\x82\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")),
		attack("code_missing", "a function without a body", rule, "refused wasm.malformed", of(func() module { return module{functions: [][]byte{{typeNone}}} })),
		attack("code_open", "a body that does not end, so that the next one would be part of it", rule, "refused wasm.malformed", of(func() module {
			return module{process: cat(uleb(4), []byte{0}, constant(0), []byte{opNop})}
		})),
		attack("start_type", "a start function that takes a parameter", rule, "refused wasm.invalid", of(func() module { return module{start: uleb(2)} })),
	}
	for _, part := range []int{9, 40, 90} {
		all = append(all, attack(fmt.Sprintf("file_cut_%d", part), fmt.Sprintf("a module of which %d%% are there", part), rule, "refused module.malformed", func() ([]byte, error) {
			b, err := module{}.bytes()
			return b[:len(b)*part/100], err
		}))
	}
	return all
}

// manifests are attacks by what a module says of itself.
func manifests() []Attack {
	with := func(name, does, rule, code string, manifests ...string) Attack {
		return attack("manifest_"+name, does, rule, "refused "+code, of(func() module {
			var sections []byte
			for _, m := range manifests {
				sections = append(sections, custom(abi.ManifestSection, []byte(m))...)
			}
			return module{custom: sections}
		}))
	}
	pattern := func(p string) string {
		return `{"abi":1,"parameters":{"properties":{"p":{"type":"string","pattern":"` + p + `"}}}}`
	}
	return []Attack{
		with("huge", "a manifest of 2 MiB", "manifests are bounded before they are parsed", "manifest.size", `{"abi":1,"name":"`+strings.Repeat("x", 2<<20)+`"}`),
		with("deep", "a manifest of half a million brackets", "nesting is bounded by the parser", "manifest.syntax", strings.Repeat("[", 1<<19)),
		with("twice", "two manifests, one to be checked and one to be believed", "there is one at most", "manifest.syntax", `{"abi":1}`, `{"abi":1,"name":"other"}`),
		with("key_twice", "a key twice, one to be checked and one to be believed", "no key stands twice", "manifest.syntax", `{"abi":1,"state":"none","state":"kv"}`),
		with("pattern", "a pattern that grows a thousandfold at each level", "patterns are RE2, whose repetitions are bounded", "manifest.parameters", pattern("(((a{1000}){1000}){1000}){1000}")),
		with("state", "state, to be kept by a host that does not", "what is not offered is refused", "manifest.state", `{"abi":1,"state":"kv"}`),
		with("version", "a manifest for another version of the ABI than the marker's", "both are compared with what the host speaks", "manifest.abi", `{"abi":2}`),
		attack("manifest_lies", "an output that the manifest does not name", "what a guest declares is compared with its manifest", "weir_open output.manifest", of(func() module {
			return module{custom: custom(abi.ManifestSection, []byte(`{"abi":1,"outputs":[{"name":"other","kind":"batch"}]}`))}
		})),
		with("capabilities", "a capability that nobody granted", "none can be granted", "manifest.value", `{"abi":1,"capabilities":["network"]}`),
	}
}
