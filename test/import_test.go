package test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports says which packages each package of this module may import. It is policy: if the test fails,
// change the code, or change this table with the same care as ARCHITECTURE.md.
//
// On the left of "<" are packages, relative to internal/, or a program as /producer. On the right is what
// they may import: packages of this module, relative to internal/, and modules of others by a prefix of
// their path. A star stands for any one package below. The standard library is always allowed. Tests may
// import anything.
const imports = `
	nat             <
	text            <
	measured        < factor/kernels
	task/taskpb     < google.golang.org/protobuf
	task            < nat text task/taskpb google.golang.org/protobuf
	verify          < nat task
	plan            < nat task measured
	expr            < nat task text
	input           < nat task expr github.com/klauspost/compress
	output          < nat task
	coreutils       < nat task verify factor
	factored        < nat task verify output
	collect         < nat task verify
	attempt         < task
	campaign        < measured
	sieving         < factor/siqs
	curving         < campaign factor factor/ecm
	cputime         < golang.org/x/sys/unix golang.org/x/sys/windows

	hours           <
	machine         < golang.org/x/sys/unix

	metrics         < nat task worker fleet observe github.com/prometheus/client_golang
	unit            < task schema
	command         < unit metrics
	/producer       < unit metrics
	/consumer       < unit metrics web
	/embedded       < observe metrics web

	factor/kernels  < golang.org/x/sys/cpu
	testsize        <
	factor/kernels/kernelstest < factor/kernels testsize
	factor/*        < factor/* nat cputime
	factor/mont/gen <
	factor          < factor/* nat measured cputime
	worker          < nat task attempt text github.com/rs/zerolog
	kind            < nat task worker factor factor/siqs factor/ecm cputime
	execkind        < nat task text worker golang.org/x/sys/unix
	sample          < nat

	schema          < task attempt text
	natsconn        < schema text github.com/nats-io/nats.go github.com/nats-io/jsm.go github.com/nats-io/nkeys github.com/nats-io/jwt github.com/rs/zerolog golang.org/x/net/proxy
	stream          < natsconn github.com/nats-io/nats.go github.com/nats-io/nuid github.com/rs/zerolog
	puller          < task text attempt worker schema natsconn stream github.com/nats-io/nats.go
	fleet           < nat task text attempt plan collect worker schema natsconn stream github.com/nats-io/nats.go github.com/nats-io/nuid golang.org/x/sync
	private         < golang.org/x/sys
	outfile         < private
	natsserver      < private github.com/nats-io/nats-server/v2 github.com/nats-io/jwt github.com/minio/highwayhash github.com/rs/zerolog
	fleettest       < nat task worker schema natsserver github.com/nats-io/nats.go github.com/rs/zerolog
	identity        < private schema github.com/nats-io/jwt github.com/nats-io/nkeys
	job             < nat task text plan factored schema measured input collect campaign sieving curving natsconn stream fleet github.com/rs/zerolog golang.org/x/sync

	explain         < nat task text plan campaign factor factor/kernels factor/prime factor/siqs measured worker fleet
	observe         < nat task text plan collect worker explain stream fleet
	events          < task text schema worker stream fleet golang.org/x/sync
	top             < text observe
	cli             < plan text natsconn github.com/rs/zerolog github.com/urfave/cli/v2 github.com/mattn/go-isatty golang.org/x/sys golang.org/x/term
	cli/clitest     < cli testsize github.com/urfave/cli/v2
	command         < notify campaign explain observe web factor/kernels cputime hours machine nat task text plan input output outfile private collect worker kind execkind schema natsconn stream puller fleet job cli github.com/rs/zerolog github.com/urfave/cli/v2
	jsonschema      <
	page            <
	web             < observe text golang.org/x/net/netutil
	monitor         < text
	notify          < text
	/producer       < attempt factored nat input outfile golang.org/x/sync expr events monitor notify explain observe page top jsonschema web task text output verify plan worker schema stream fleet identity job cli command github.com/rs/zerolog github.com/urfave/cli/v2
	/consumer       < factor/kernels cputime nat task worker kind sample schema natsconn cli command github.com/urfave/cli/v2
	/embedded       < coreutils observe page web execkind task text worker schema natsconn stream fleet identity job natsserver cli command github.com/rs/zerolog github.com/urfave/cli/v2
`

const module = "factorfleet"

func TestImports(t *testing.T) {
	t.Parallel()
	allowed := make(map[string][]string)
	for line := range strings.Lines(imports) {
		left, right, ok := strings.Cut(line, "<")
		if !ok {
			continue
		}
		for pkg := range strings.FieldsSeq(left) {
			allowed[pkg] = append(allowed[pkg], strings.Fields(right)...)
		}
	}
	for pkg, imported := range moduleImports(t) {
		list, found := allowed[pkg]
		if !found {
			list, found = allowed[path.Dir(pkg)+"/*"]
		}
		if !found {
			t.Errorf("%s is not in the table: say there what it may import", pkg)
			continue
		}
		for _, name := range imported {
			if !slices.ContainsFunc(list, func(rule string) bool { return allows(rule, name) }) {
				t.Errorf("%s must not import %s", pkg, name)
			}
		}
	}
	// These rules hold whatever the table says.
	for pkg, list := range allowed {
		for _, rule := range list {
			switch {
			case strings.Contains(rule, "jsm.go"):
				only(t, pkg, rule, "natsconn")
			case strings.Contains(rule, "nats.go"):
				only(t, pkg, rule, "natsconn", "stream", "puller", "fleet", "fleettest")
			case strings.Contains(rule, "nats-server"):
				only(t, pkg, rule, "natsserver")
			case strings.Contains(rule, "urfave"):
				only(t, pkg, rule, "cli", "cli/clitest", "command", "/producer", "/consumer", "/embedded")
			case strings.Contains(rule, "zerolog"):
				only(t, pkg, rule, "worker", "natsconn", "stream", "natsserver", "fleettest", "job", "cli", "command", "/producer", "/embedded")
			case rule == "fleet":
				only(t, pkg, rule, "job", "explain", "observe", "metrics", "events", "command", "/producer", "/embedded")
			case rule == "puller":
				only(t, pkg, rule, "command")
			case rule == "stream":
				only(t, pkg, rule, "puller", "fleet", "job", "observe", "events", "command", "/producer", "/embedded")
			case rule == "natsconn":
				only(t, pkg, rule, "stream", "puller", "fleet", "job", "cli", "command", "/consumer", "/embedded")
			case rule == "factor/kernels": // a leaf
			case strings.Contains(rule, "x/sys/cpu"):
				only(t, pkg, rule, "factor/kernels")
			case rule == "factor" || strings.HasPrefix(rule, "factor/"):
				only(t, pkg, rule, "factor", "factor/*", "coreutils", "kind", "sieving", "curving", "explain")
			}
		}
	}
}

func only(t *testing.T, pkg, rule string, may ...string) {
	t.Helper()
	if !slices.Contains(may, pkg) {
		t.Errorf("the table allows %s to import %s; only %v may", pkg, rule, may)
	}
}

// allows reports whether a rule of the table covers an import.
func allows(rule, name string) bool {
	if within, ours := strings.CutPrefix(name, module+"/internal/"); ours {
		return rule == within || strings.HasSuffix(rule, "/*") && path.Dir(within) == strings.TrimSuffix(rule, "/*")
	}
	return name == rule || strings.HasPrefix(name, rule+"/") && strings.Contains(rule, ".")
}

// isModule reports whether a directory is a module of its own.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// moduleImports returns what each package imports besides the standard library, for
// all operating systems, named as in the table.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	found := make(map[string]map[string]bool)
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), "_") || entry.Name() == "testdata" || entry.Name() == ".git"):
			return filepath.SkipDir // no packages of the module
		case entry.IsDir() && file != ".." && isModule(file):
			return filepath.SkipDir
		case !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := "/" + filepath.ToSlash(strings.TrimPrefix(filepath.Dir(file), ".."+string(filepath.Separator)))
		pkg := strings.TrimPrefix(dir, "/internal/")
		if found[pkg] == nil {
			found[pkg] = make(map[string]bool)
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if first, _, _ := strings.Cut(name, "/"); first == module || strings.Contains(first, ".") {
				found[pkg][name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list := make(map[string][]string)
	for pkg, names := range found {
		list[pkg] = slices.Sorted(maps.Keys(names))
	}
	if len(list) < 20 || list["fleet"] == nil {
		t.Fatalf("found only the packages %v", slices.Sorted(maps.Keys(list)))
	}
	return list
}
