// The driver of the Go buildpack. It runs in a sandbox, on the standard library alone:
//
//	driver run GOROOT/bin/go ARGUMENTS...    builds the test binaries and runs the tests; the job is on standard input
//	driver prime GOROOT/bin/go ARGUMENTS...  compiles everything and keeps what the compiler cached
//	driver keep FOLDER BINARY ...            is what `go test -exec` starts instead of a test binary, which it keeps
//
// The arguments are those of `go test`. The two caches that earlier steps left are GOCACHE's sources: see cache.go.
package main

import (
	"fmt"
	"os"
)

const (
	codePassed  = 0
	codeFailed  = 1
	codeBroken  = 3
	codeRefused = 4
	codeNoTests = 5
)

func main() {
	if len(os.Args) < 3 {
		stop(codeBroken, "no mode")
	}
	switch mode, rest := os.Args[1], os.Args[2:]; mode {
	case "run":
		os.Exit(run(rest[0], rest[1:]))
	case "prime":
		os.Exit(prime(rest[0], rest[1:]))
	case "keep":
		os.Exit(keep(rest[0], rest[1]))
	default:
		stop(codeBroken, "no such mode: "+mode)
	}
}

// scratch is the folder of this run, once there is one.
var scratch string

// stop ends the driver without a last result line: whatever it wrote is no report.
func stop(code int, why string) {
	fmt.Fprintln(os.Stderr, "error: "+why)
	os.RemoveAll(scratch)
	os.Exit(code)
}

// prime compiles all packages and their tests, and runs nothing of them. Code that does not compile is no failure here:
// the run of the tests reports it.
func prime(gotool string, arguments []string) int {
	if err := os.Chdir(os.Getenv("RFSN_GO_TREE")); err != nil {
		stop(codeBroken, err.Error())
	}
	work := newWork()
	defer os.RemoveAll(work)
	flags, patterns := split(arguments)
	compile(gotool, append(flags, patterns...), work, nil)
	if err := keepNew(work, projectCache()); err != nil {
		stop(codeBroken, err.Error())
	}
	return codePassed
}
