package main

import (
	"bufio"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// A stream is what one test process said of its tests, in the format of -test.v=test2json: the lines of the testing
// package have a mark before them, which code that prints could write as well. So they are never believed alone.
type stream struct {
	lock    sync.Mutex
	results map[string]*result
	order   []string
	owner   string
	turns   int    // how often a test at the top began, went on or ended
	failed  string // the last test that failed: a panic is its own
}

type result struct {
	name    string
	state   string // run, pause, PASS, FAIL or SKIP
	seconds float64
	output  strings.Builder
}

const (
	maxLine   = 1 << 16
	maxOutput = 4000
	frameMark = "\x16"
)

var ended = regexp.MustCompile(`^--- (PASS|FAIL|SKIP): (.+) \((\d+\.\d+)s\)$`)

func newStream() *stream { return &stream{results: map[string]*result{}} }

func (is *result) over() bool { return is != nil && is.state != "run" && is.state != "pause" }

func (all *stream) read(from io.Reader) {
	lines := bufio.NewReaderSize(from, maxLine)
	for {
		line, more, err := lines.ReadLine()
		if err != nil {
			return
		}
		text := string(line)
		for more && err == nil {
			_, more, err = lines.ReadLine()
		}
		all.line(text)
	}
}

func (all *stream) line(text string) {
	all.lock.Lock()
	defer all.lock.Unlock()
	printed, frame, framed := strings.Cut(text, frameMark)
	if strings.TrimSpace(printed) != "" || !framed {
		if owner := all.results[all.owner]; owner != nil && owner.output.Len() < maxOutput {
			owner.output.WriteString(printed + "\n")
		}
	}
	if framed {
		all.frame(frame)
	}
}

func (all *stream) frame(text string) {
	if match := ended.FindStringSubmatch(text); match != nil {
		one := all.of(match[2])
		one.seconds, _ = strconv.ParseFloat(match[3], 64)
		// Of two endings, the worse one counts.
		if !one.over() || match[1] == "FAIL" || (match[1] == "SKIP" && one.state == "PASS") {
			one.state = match[1]
		}
		if match[1] == "FAIL" {
			all.failed = one.name
		}
		all.turn(one)
		return
	}
	kind, name, found := strings.Cut(strings.TrimPrefix(text, "=== "), " ")
	if name = strings.TrimSpace(name); !found || !strings.HasPrefix(text, "=== ") {
		return
	}
	if all.owner = name; kind == "NAME" || name == "" {
		return
	}
	one := all.of(name)
	if !one.over() {
		one.state = "run"
		if kind == "PAUSE" {
			one.state = "pause"
		}
	}
	all.turn(one)
}

func (all *stream) of(name string) *result {
	one := all.results[name]
	if one == nil {
		one = &result{name: name, state: "run"}
		all.results[name] = one
		all.order = append(all.order, name)
	}
	return one
}

func (all *stream) turn(one *result) {
	if !strings.Contains(one.name, "/") {
		all.turns++
	}
}

// state is the number of turns, and the tests at the top that run now.
func (all *stream) state() (int, []string) {
	all.lock.Lock()
	defer all.lock.Unlock()
	var running []string
	for _, name := range all.order {
		if all.results[name].state == "run" && !strings.Contains(name, "/") {
			running = append(running, name)
		}
	}
	return all.turns, running
}
