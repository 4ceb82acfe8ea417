package lint

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A banned name of another package, and what to write in its place.
type banned struct {
	path    string         // of the package
	names   *regexp.Regexp // whole names; nil: the package itself
	instead string
	allowed func(*source, *ast.FuncDecl) bool // nil: nowhere
}

var bannedNames = []banned{
	{"fmt", regexp.MustCompile(`^Print(f|ln)?$`), "results go to an io.Writer that the command hands down", inCommandOrExample},
	{"log", regexp.MustCompile(`.`), "log/slog, through a logger that was handed down", inCommand},
	{"os", regexp.MustCompile(`^Exit$`), "return an error; the exit code follows from its class", inCommandOrTestMain},
	{"os", regexp.MustCompile(`^(Stdin|Stdout)$`), "an io.Reader or io.Writer that the command hands down", inCommandOrTest},
	{"time", regexp.MustCompile(`^Sleep$`), "wait for the thing itself, or testing/synctest", inSynctest},
	{"time", regexp.MustCompile(`^Tick$`), "time.NewTicker, stopped", nil},
	{"net/http", regexp.MustCompile(`^(DefaultClient|DefaultServeMux|Get|Head|Post|PostForm|Handle|HandleFunc|ListenAndServe(TLS)?)$`),
		"a client, server or mux of one's own, with time limits", nil},
	{"io/ioutil", nil, "io and os", nil},
	{"math/rand", nil, "math/rand/v2, seeded where it must be repeatable", nil},
	{"crypto/md5", nil, "crypto/sha256", nil},
	{"golang.org/x/exp", nil, "the standard library", nil},
	{"github.com/stretchr/testify", nil, "testing alone", nil},
}

func inCommand(s *source, _ *ast.FuncDecl) bool { return s.file.Name.Name == "main" || s.in("cmd") }

func inCommandOrTest(s *source, f *ast.FuncDecl) bool { return inCommand(s, f) || s.isTest() }

// inCommandOrExample allows example functions, and whatever stands beside them in an example_test.go.
func inCommandOrExample(s *source, f *ast.FuncDecl) bool {
	name := s.path[strings.LastIndexByte(s.path, '/')+1:]
	return inCommand(s, f) || s.isTest() && (strings.HasPrefix(name, "example") || f != nil && strings.HasPrefix(f.Name.Name, "Example"))
}

func inCommandOrTestMain(s *source, f *ast.FuncDecl) bool {
	return inCommand(s, f) || s.isTest() && f != nil && f.Name.Name == "TestMain"
}

// inSynctest allows a sleep in a test of a package that sleeps in a bubble, where it takes no time, and in what is not a
// test: there a sleep is for its reader to judge.
func inSynctest(s *source, f *ast.FuncDecl) bool {
	if !s.isTest() || f == nil {
		return !s.isTest()
	}
	bubble := false
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			x, ok := sel.X.(*ast.Ident)
			bubble = bubble || ok && x.Name == "synctest"
		}
		return true
	})
	return bubble
}

// replacedCalls finds uses of banned names and imports of banned packages.
func replacedCalls(s *source) (problems []string) {
	if s.file == nil {
		return nil
	}
	imported := map[string][]banned{} // by the name the file uses
	for _, spec := range s.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		for _, b := range bannedNames {
			if b.names == nil && (path == b.path || strings.HasPrefix(path, b.path+"/") && b.path != "math/rand") {
				problems = append(problems, fmt.Sprintf("%d: %s: write %s", s.line(spec.Pos()), path, b.instead))
			}
			if b.names != nil && path == b.path {
				name := path[strings.LastIndexByte(path, '/')+1:]
				if spec.Name != nil {
					name = spec.Name.Name
				}
				imported[name] = append(imported[name], b)
			}
		}
	}
	eachFunction(s, func(n ast.Node, in *ast.FuncDecl) {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return
		}
		for _, b := range imported[x.Name] {
			if b.names.MatchString(sel.Sel.Name) && (b.allowed == nil || !b.allowed(s, in)) {
				problems = append(problems, fmt.Sprintf("%d: %s.%s: write %s", s.line(sel.Pos()), b.path, sel.Sel.Name, b.instead))
			}
		}
	})
	return problems
}

// eachFunction visits every node with the function it stands in, nil outside of functions.
func eachFunction(s *source, visit func(ast.Node, *ast.FuncDecl)) {
	for _, d := range declarations(s) {
		in, _ := d.(*ast.FuncDecl)
		ast.Inspect(d, func(n ast.Node) bool {
			if n != nil {
				visit(n, in)
			}
			return true
		})
	}
}

// guardedPanics finds panics outside of tests. A function may panic at a mistake of the programmer; its comment says so,
// with the word "panics".
func guardedPanics(s *source) (problems []string) {
	if s.isTest() {
		return nil
	}
	eachFunction(s, func(n ast.Node, in *ast.FuncDecl) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		name, ok := call.Fun.(*ast.Ident)
		if !ok {
			return
		}
		switch {
		case name.Name == "panic" && (in == nil || !strings.Contains(in.Doc.Text(), "panics")):
			problems = append(problems, fmt.Sprintf("%d: panic: return an error, or say in the function's comment when it panics", s.line(call.Pos())))
		case (name.Name == "print" || name.Name == "println") && !inCommand(s, in):
			problems = append(problems, fmt.Sprintf("%d: %s: write log/slog", s.line(call.Pos()), name.Name))
		}
	})
	return problems
}

// noSkips finds tests that do not run.
func noSkips(s *source) (problems []string) {
	eachFunction(s, func(n ast.Node, _ *ast.FuncDecl) {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
			return
		}
		if x, ok := sel.X.(*ast.Ident); ok && slices.Contains([]string{"t", "b", "f", "tb"}, x.Name) {
			problems = append(problems, fmt.Sprintf("%d: %s.%s: a test runs, or it is not there", s.line(sel.Pos()), x.Name, sel.Sel.Name))
		}
	})
	return problems
}

// A fence keeps imports out of everything but some folders, in tests too.
type fence struct {
	imports string // a path and all below it
	only    []string
}

var fences = []fence{
	{"github.com/tetratelabs/wazero", []string{"host/engine/wazeroengine", "host/sandbox", "bench/guest"}},
	{"github.com/bytecodealliance/wasmtime-go", []string{"host/engine/wasmtimeengine"}},
	{"C", []string{"host/engine/wasmtimeengine"}},
	{"github.com/apache/arrow-go", []string{"host", "test/evil", "test/differential", "bench/guest", "bench/format"}},
	{module + "/host", []string{"host", "cmd", "test", "bench"}},
}

// outsideImports finds imports on the wrong side of a fence, and any import of somebody else's in the Go SDK for guests.
func outsideImports(s *source) (problems []string) {
	if s.file == nil {
		return nil
	}
	for _, spec := range s.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		for _, f := range fences {
			if (path == f.imports || strings.HasPrefix(path, f.imports+"/")) && !s.in(f.only...) {
				problems = append(problems, fmt.Sprintf("%d: imports %s, which belongs to %s", s.line(spec.Pos()), path, strings.Join(f.only, ", ")))
			}
		}
		first, _, _ := strings.Cut(path, "/")
		if s.in("guest-abi/go") && strings.Contains(first, ".") && !strings.HasPrefix(path, module+"/guest-abi/go/") {
			problems = append(problems, fmt.Sprintf("%d: imports %s: the SDK has no requirements", s.line(spec.Pos()), path))
		}
	}
	return problems
}
