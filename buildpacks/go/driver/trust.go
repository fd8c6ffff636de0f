package main

import (
	"fmt"
	"strings"
)

var outcomes = map[string]string{"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}

// alone runs one test in a process of its own, with the canary behind it if there is one: a test counts as passed only
// if the canary failed after it and the process ended as it then must. It returns whether the canary was seen.
func (all *suite) alone(one *pkg, name string) bool {
	names := []string{name}
	if one.canary != "" {
		names = append(names, one.canary)
	}
	ran := start(one, names, all.job, all.limit(one))
	is, canary := ran.results[name], ran.results[one.canary]
	seen := one.canary != "" && canary.over()
	if seen {
		all.canary(one, outcomes[canary.state])
	}
	expected := codePassed
	if seen {
		expected = codeFailed
	}
	switch {
	case is.over() && is.state == "FAIL":
		all.told(one, name, ran)
	case ran.over != "":
		all.stopped(one, name, ran)
	case !is.over():
		all.ended(one, name, ran)
	case seen != (one.canary != "") || ran.code != expected:
		why := fmt.Sprintf("the test passed, and its process then ended with exit code %d", ran.code)
		if seen == (one.canary != "") {
			why += ": " + panicked(ran.stderr)
		} else {
			why += " before the tests were over"
		}
		all.add(one, name, "error", is.seconds, strings.TrimSuffix(why, ": "))
	default:
		all.told(one, name, ran)
	}
	return seen
}

// probe runs the canary of a package in which no test came to its end.
func (all *suite) probe(one *pkg) {
	ran := start(one, []string{one.canary}, all.job, all.limit(one))
	if canary := ran.results[one.canary]; canary.over() {
		all.canary(one, outcomes[canary.state])
	} else if mark := (canaryLine{one.id(one.canary)}); one.quits(ran) {
		all.quit = append(all.quit, mark)
	} else {
		all.marks = append(all.marks, mark)
	}
}

func (all *suite) canary(one *pkg, outcome string) {
	id := one.id(one.canary)
	all.marks = append(all.marks, canaryLine{id})
	all.cases = append(all.cases, caseLine{id, outcome, 0, ""})
	all.failed = all.failed || outcome == "failed" || outcome == "error"
}

// quits is whether the TestMain of a package ended the process well before any test, as where a service is missing.
func (one *pkg) quits(ran *attempt) bool {
	return one.hasMain && ran.code == codePassed && ran.over == "" && len(ran.order) == 0
}

// together runs tests in one process, as `go test` does. Those that were under way when it broke run again alone, and
// those that were not run again without them.
func (all *suite) together(one *pkg, names []string) {
	for len(names) > 0 {
		ran := start(one, names, all.job, all.limit(one))
		var done, running, left []string
		code := codePassed
		for _, name := range names {
			switch is := ran.results[name]; {
			case is.over():
				done = append(done, name)
				if is.state == "FAIL" {
					code = codeFailed
				}
			case is != nil && is.state == "run":
				running = append(running, name)
			default:
				left = append(left, name)
			}
		}
		unsure := len(done) == len(names) && ran.code != code && code == codePassed
		for _, name := range done {
			if unsure {
				all.alone(one, name)
			} else {
				all.told(one, name, ran)
			}
		}
		switch {
		case len(running) == 1 && ran.over != "":
			all.stopped(one, running[0], ran)
		case len(running) == 1:
			all.ended(one, running[0], ran)
		default:
			for _, name := range running {
				all.alone(one, name)
			}
		}
		if len(done)+len(running) == 0 {
			for _, name := range left {
				all.ended(one, name, ran)
			}
			return
		}
		names = left
	}
}

// told adds a test that has ended, and those within it.
func (all *suite) told(one *pkg, name string, ran *attempt) {
	for _, inner := range ran.order {
		is := ran.results[inner]
		if inner != name && !strings.HasPrefix(inner, name+"/") {
			continue
		}
		outcome, known := outcomes[is.state]
		if !known {
			outcome = "error"
		}
		message := ""
		if outcome != "passed" {
			message = is.output.String()
			if broke := panicked(ran.stderr); broke != "" && strings.HasPrefix(ran.failed+"/", inner+"/") {
				message = broke + "\n" + message
			}
		}
		all.add(one, inner, outcome, is.seconds, message)
	}
}

// stopped adds a test that used up what it may use.
func (all *suite) stopped(one *pkg, name string, ran *attempt) {
	limit := all.limit(one)([]string{name})
	if !strings.HasPrefix(ran.over, overLimit) {
		all.add(one, name, "error", 0, ran.over)
		return
	}
	all.Budget -= limit
	all.add(one, name, "timeout", limit, ran.over)
}

// ended adds a test whose process ended before it.
func (all *suite) ended(one *pkg, name string, ran *attempt) {
	if one.quits(ran) {
		all.add(one, name, "skipped", 0, "TestMain ended the process with exit code 0 before any test")
		return
	}
	message := fmt.Sprintf("the process ended with exit code %d before the test did", ran.code)
	if why := panicked(ran.stderr); why != "" {
		message += ": " + why
	} else if ran.over != "" {
		message += ": " + ran.over
	}
	all.add(one, name, "error", 0, message)
}
