package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	wallFactor  = 5.0
	idle        = 0.05
	overLimit   = "rfsn: over the limit"
	maxMemory   = 2 << 30
	ticks       = 100.0 // a second, in /proc: the same on all Linux systems
	poll        = 10 * time.Millisecond
	farewell    = time.Second
	maxStderr   = 1 << 16
	maxArgument = 100_000
)

// An attempt is one test process that has ended.
type attempt struct {
	*stream
	code   int
	over   string // why it was stopped; empty if it ended by itself
	stderr string
}

// start runs tests of a package in one process and waits for its end; limit is what one of these tests may use.
func start(one *pkg, names []string, asked *job, limit func(names []string) float64) *attempt {
	if !intact(one) {
		stop(codeBroken, "a test changed the files of the test run: "+filepath.Base(one.binary))
	}
	flags := []string{"-test.paniconexit0", "-test.v=test2json", "-test.timeout=0"}
	flags = append(flags, "-test.run="+selecting(asked.Run, one.canary, names))
	if asked.Skip != "" {
		flags = append(flags, "-test.skip="+asked.Skip)
	}
	command := exec.Command(one.binary, append(append(flags, asked.Flags...), asked.Args...)...)
	command.Dir = one.Dir
	command.Env = append(os.Environ(), "PWD="+one.Dir)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, said := piped(&command.Stdout), piped(&command.Stderr)
	ran := &attempt{stream: newStream()}
	read := make(chan string, 2)
	if err := command.Start(); err != nil {
		stop(codeBroken, err.Error())
	}
	command.Stdout.(*os.File).Close()
	command.Stderr.(*os.File).Close()
	go func() { ran.read(output); read <- "" }()
	go func() { read <- tail(said) }()
	gone := make(chan error, 1)
	go func() { gone <- command.Wait() }()
	ran.watch(command.Process.Pid, gone, limit)
	syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	sweep()
	ran.stderr = <-read + <-read
	ran.code = exitCode(command.ProcessState)
	if strings.HasPrefix(ran.over, overLimit) {
		ran.over += stuck(ran.stderr)
	}
	return ran
}

func piped(end *io.Writer) *os.File {
	from, to, err := os.Pipe()
	if err != nil {
		stop(codeBroken, err.Error())
	}
	*end = to
	return from
}

// tail reads everything and keeps the beginning and the end.
func tail(from io.Reader) string {
	head, _ := io.ReadAll(io.LimitReader(from, maxStderr))
	var last []byte
	for chunk := make([]byte, maxStderr); ; {
		count, err := from.Read(chunk)
		if last = append(last, chunk[:count]...); len(last) > 2*maxStderr {
			last = last[len(last)-maxStderr:]
		}
		if err != nil {
			return string(head) + string(last)
		}
	}
}

// watch stops the process once the test that runs has used up its CPU time, or five times as much of waiting.
func (ran *attempt) watch(pid int, gone <-chan error, limit func([]string) float64) {
	turn, cpu, since := -1, 0.0, time.Now()
	for ticker := time.NewTicker(poll); ; {
		select {
		case <-gone:
			ticker.Stop()
			return
		case <-ticker.C:
		}
		turns, running := ran.state()
		used, memory := usage(pid)
		if turns != turn {
			turn, cpu, since = turns, used, time.Now()
		}
		most := limit(running)
		waited := time.Since(since).Seconds()
		switch {
		case memory > maxMemory:
			ran.over = fmt.Sprintf("it used more than %d MiB of memory", maxMemory>>20)
		case used-cpu > most:
			ran.over = fmt.Sprintf("%s of %g s", overLimit, most)
		case waited > wall(most) && used-cpu < idle*most:
			ran.over = fmt.Sprintf("%s of %g s of waiting", overLimit, wall(most))
		case waited > wall(most):
			ran.over = fmt.Sprintf("%s of %g s", overLimit, most)
		default:
			continue
		}
		ticker.Stop()
		syscall.Kill(pid, syscall.SIGQUIT) // the runtime then writes where it is
		select {
		case <-gone:
			return
		case <-time.After(farewell):
			syscall.Kill(-pid, syscall.SIGKILL)
			<-gone
			return
		}
	}
}

func wall(limit float64) float64 { return max(1, wallFactor*limit) }

// usage is the CPU time of a process, with that of its dead children, in seconds, and its memory in bytes.
func usage(pid int) (float64, int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 22 {
		return 0, 0
	}
	used := 0.0
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		value, _ := strconv.ParseFloat(field, 64)
		used += value / ticks
	}
	pages, _ := strconv.Atoi(fields[21])
	return used, pages * os.Getpagesize()
}

// sweep ends whatever a test process left running: its children are this process's now.
func sweep() {
	for {
		switch pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); {
		case err == syscall.ECHILD:
			return
		case pid > 0 || err == syscall.EINTR:
			continue
		}
		for _, child := range children() {
			syscall.Kill(child, syscall.SIGKILL)
		}
		time.Sleep(time.Millisecond)
	}
}

func children() []int {
	entries, _ := os.ReadDir("/proc")
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		data, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			found = append(found, pid)
		}
	}
	return found
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

var (
	frameLine = regexp.MustCompile(`(?m)^(\S.*)\(.*\n\t(\S+\.go):(\d+)`)
	panicLine = regexp.MustCompile(`(?m)^(panic: .*|fatal error: .*)`)
)

// stuck says where a process was when it was stopped: in the first function of the tree that is not a test.
func stuck(stderr string) string {
	file, _, function := frame(stderr)
	if file == "" {
		return ""
	}
	return " in " + file + ":" + function
}

// panicked says how and where a process broke; empty if it did not.
func panicked(stderr string) string {
	match := panicLine.FindStringSubmatch(stderr)
	if match == nil {
		return ""
	}
	message, _, _ := strings.Cut(match[1], " [recovered")
	if file, line, _ := frame(stderr); file != "" {
		message += " (" + file + ":" + line + ")"
	}
	return message
}

func frame(trace string) (file, line, function string) {
	root, _ := os.Getwd()
	for _, match := range frameLine.FindAllStringSubmatch(trace, -1) {
		path, inside := strings.CutPrefix(match[2], root+"/")
		if !inside {
			continue
		}
		if file == "" || !strings.HasSuffix(path, "_test.go") {
			name := match[1][strings.LastIndexByte(match[1], '/')+1:]
			file, line, function = path, match[3], name[strings.IndexByte(name, '.')+1:]
		}
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
	}
	return
}
