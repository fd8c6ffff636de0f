package main

import (
	"fmt"
	"os"
	"strings"
)

// unbuilt is what the pack knows such messages by.
const unbuilt = "the package does not compile: "

// A suite runs the tests of all packages and collects what became of each.
type suite struct {
	*job
	largest float64
	cases   []caseLine
	marks   []canaryLine
	quit    []canaryLine // of packages whose TestMain ends the process well before any test
	failed  bool
}

// run builds everything and runs the tests. Its arguments are build flags, then `--`, then patterns.
func run(gotool string, arguments []string) int {
	out, asked := opened()
	flags, patterns := split(arguments)
	root, err := os.Getwd()
	if err != nil {
		stop(codeBroken, err.Error())
	}
	work := newWork()
	defer os.RemoveAll(work)
	found, err := packages(gotool, flags, patterns, root)
	if err != nil {
		stop(codeBroken, err.Error())
	}
	all := &suite{job: asked}
	for _, limit := range asked.Limits {
		all.largest = max(all.largest, limit)
	}
	var more []string
	if asked.Canaries {
		more = canaries(found, work)
	}
	built(found, compile(gotool, append(flags, patterns...), work, more), work)
	for _, name := range []string{"GOTMPDIR", "RFSN_GO_ENV", "RFSN_GO_PROJECT"} {
		os.Unsetenv(name)
	}
	settle()
	for _, one := range found {
		all.test(one)
	}
	return all.report(out)
}

func split(arguments []string) (flags, patterns []string) {
	for place, argument := range arguments {
		if argument == "--" {
			return arguments[:place:place], arguments[place+1:]
		}
	}
	return nil, arguments
}

// report writes the results: canaries first, then cases, then the end.
func (all *suite) report(out *channel) int {
	code := codePassed
	switch {
	case all.failed:
		code = codeFailed
	case len(all.cases) == 0 && len(all.IDs) > 0:
		code = codeRefused
		fmt.Fprintf(os.Stderr, "refused: there is no test %s\n", all.IDs[0])
	case len(all.cases) == 0:
		code = codeNoTests
	}
	if len(all.marks) == 0 {
		all.marks = all.quit
	}
	for _, canary := range all.marks {
		out.write(canary)
	}
	for _, one := range all.cases {
		out.write(one)
	}
	out.write(endLine{code})
	return code
}

func (all *suite) test(one *pkg) {
	names := all.chosen(one)
	switch {
	case one.failure != "" && len(one.tests) == 0:
		all.add(one, "[build]", "error", 0, unbuilt+one.failure)
	case one.failure != "":
		if one.canary != "" {
			all.canary(one, "error") // it fails with its package
		}
		for _, name := range names {
			all.add(one, name, "error", 0, unbuilt+one.failure)
		}
	case len(one.tests) == 0:
		// A package without tests is a case once it did not compile: later runs ask for it.
		if _, known := all.Limits[one.id("[build]")]; known {
			all.add(one, "[build]", "passed", 0, "")
		}
	case len(names) == 0:
	case one.canary != "":
		seen := false
		for _, name := range names {
			seen = all.alone(one, name) || seen
		}
		if !seen {
			all.probe(one)
		}
	default:
		for len(names) > 0 {
			count := fitting(names)
			all.together(one, names[:count])
			names = names[count:]
		}
	}
}

// chosen are the tests of a package that were asked for, by id or by the options of the command.
func (all *suite) chosen(one *pkg) []string {
	runs, skips := alternatives(all.Run), alternatives(all.Skip)
	var names []string
	for _, name := range one.tests {
		if matches(name, runs) && !(all.Skip != "" && matches(name, whole(skips))) && all.wants(one.id(name)) {
			names = append(names, name)
		}
	}
	return names
}

// wants is whether a test at the top, or one within it, was asked for.
func (all *suite) wants(id string) bool {
	for _, asked := range all.IDs {
		if asked == id || strings.HasPrefix(asked, id+"/") {
			return true
		}
	}
	return len(all.IDs) == 0
}

// reports is whether a result was asked for: the test itself, or one that it is within.
func (all *suite) reports(id string) bool {
	for _, asked := range all.IDs {
		if asked == id || strings.HasPrefix(id, asked+"/") {
			return true
		}
	}
	return len(all.IDs) == 0
}

func fitting(names []string) int {
	length := 0
	for count, name := range names {
		if length += len(name) + 1; length > maxArgument {
			return max(count, 1)
		}
	}
	return len(names)
}

func (all *suite) add(one *pkg, name, outcome string, seconds float64, message string) {
	id := one.id(name)
	if !all.reports(id) {
		return
	}
	if message = strings.ToValidUTF8(strings.TrimSpace(message), "\uFFFD"); len(message) > maxOutput {
		message = strings.ToValidUTF8(message[:maxOutput], "")
	}
	all.failed = all.failed || outcome == "failed" || outcome == "error" || outcome == "timeout"
	all.cases = append(all.cases, caseLine{id, outcome, seconds, message})
}

// limit is the CPU time for the tests that run, or for what comes before the first of them.
func (all *suite) limit(one *pkg) func([]string) float64 {
	return func(running []string) float64 {
		most := 0.0
		for _, name := range running {
			if own, known := all.Limits[one.id(name)]; known {
				most = max(most, own)
			} else {
				most = max(most, all.shared())
			}
		}
		if most == 0 {
			return max(all.largest, all.shared())
		}
		return most
	}
}

// shared is the limit of tests without one of their own: waiting for tests that hang has a budget.
func (all *suite) shared() float64 {
	if all.Budget > 0 {
		return all.Limit
	}
	return all.Limit / 4
}
