package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// compile has `go test` build every test binary and start nothing but `driver keep` with it: no code of the project
// runs before all of it is compiled, so that none can touch what is compiled later. It returns what go wrote.
func compile(gotool string, arguments []string, work string, more []string) []byte {
	self, err := os.Executable()
	if err != nil {
		stop(codeBroken, err.Error())
	}
	kept := filepath.Join(work, "kept")
	os.Mkdir(kept, 0o755)
	flags := []string{"test", "-vet=off", "-count=1", "-timeout=0", "-exec", fmt.Sprintf("'%s' keep '%s'", self, kept)}
	command := exec.Command(gotool, append(append(flags, more...), arguments...)...)
	output, err := command.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		stop(codeBroken, err.Error())
	}
	return output
}

// keep is called in the folder of a package.
func keep(folder, binary string) int {
	here, err := os.Getwd()
	if err != nil {
		stop(codeBroken, err.Error())
	}
	place := keptPlace(folder, here)
	if err := os.Mkdir(place, 0o755); err != nil {
		stop(codeBroken, err.Error())
	}
	target := filepath.Join(place, filepath.Base(binary))
	if os.Link(binary, target) != nil {
		if err := copyFile(binary, target); err != nil {
			stop(codeBroken, err.Error())
		}
	}
	return codePassed
}

func keptPlace(kept, dir string) string {
	name := sha256.Sum256([]byte(dir))
	return filepath.Join(kept, hex.EncodeToString(name[:12]))
}

const canaryPrefix = "TestRfsn"

const canarySource = `package %s_test

import rfsn%[2]s "testing"

func %[3]s(t *rfsn%[2]s.T) { t.Fatal("a canary") }
`

// canaries adds a test that must fail to each package with tests: as the last file of its outer test package, whose
// tests run last, in an overlay and not in the tree. Its result also shows that a test before it came to its end.
func canaries(found []*pkg, work string) []string {
	replaced := map[string]string{}
	for _, one := range found {
		if len(one.tests) == 0 || one.Name == "" {
			continue
		}
		random := make([]byte, 16)
		if _, err := rand.Read(random); err != nil {
			stop(codeBroken, err.Error())
		}
		nonce := hex.EncodeToString(random)
		one.canary = canaryPrefix + nonce
		file := filepath.Join(work, nonce+".go")
		source := fmt.Sprintf(canarySource, strings.TrimSuffix(one.Name, "_test"), nonce, one.canary)
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			stop(codeBroken, err.Error())
		}
		replaced[filepath.Join(one.Dir, "zzzzzzzz_rfsn_"+nonce+"_test.go")] = file
	}
	data, _ := json.Marshal(map[string]any{"Replace": replaced})
	overlay := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(overlay, data, 0o600); err != nil {
		stop(codeBroken, err.Error())
	}
	return []string{"-overlay", overlay}
}

var (
	header  = regexp.MustCompile(`^# (\S+)(?: \[(\S+)\.test\])?$`)
	failing = regexp.MustCompile(`^FAIL\t(\S+) \[(?:build|setup) failed\]$`)
	place   = regexp.MustCompile(`^(?:\./)?(\S+\.\w+):(\d+)(?::\d+)?: (.*)$`)
)

// built finds the test binary of each package, and why it has none.
func built(found []*pkg, output []byte, work string) {
	complaints, first, failed := map[string]string{}, "", map[string]bool{}
	section := ""
	for _, raw := range bytes.Split(output, []byte("\n")) {
		line := strings.TrimRight(string(raw), "\r")
		if match := failing.FindStringSubmatch(line); match != nil {
			failed[match[1]], section = true, ""
		} else if match := header.FindStringSubmatch(line); match != nil {
			if section = match[2]; section == "" {
				section = strings.TrimSuffix(match[1], ".test")
			}
		} else if section != "" && complaints[section] == "" && strings.TrimSpace(line) != "" {
			complaints[section] = shortened(line)
			if first == "" {
				first = complaints[section]
			}
		}
	}
	for _, one := range found {
		binaries, _ := filepath.Glob(filepath.Join(keptPlace(filepath.Join(work, "kept"), one.Dir), "*"))
		if len(binaries) == 1 {
			one.binary, one.mark = binaries[0], marked(binaries[0])
		} else if failed[one.ImportPath] || len(one.tests) > 0 {
			one.failure = complaints[one.ImportPath]
			for _, other := range []string{first, said(string(output), fmt.Errorf("go test built nothing"))} {
				if one.failure == "" {
					one.failure = other
				}
			}
		}
	}
}

// shortened is a compiler's message, with the file, the line and without the column.
func shortened(line string) string {
	if match := place.FindStringSubmatch(line); match != nil {
		return fmt.Sprintf("%s:%s: %s", match[1], match[2], match[3])
	}
	return strings.TrimSpace(line)
}

// A mark is what changes if a file is written to or replaced: nobody here can set the time of the last change.
type mark struct {
	device, inode uint64
	size          int64
	changed       syscall.Timespec
}

func marked(path string) mark {
	var status syscall.Stat_t
	if syscall.Lstat(path, &status) != nil {
		return mark{}
	}
	return mark{uint64(status.Dev), status.Ino, status.Size, status.Ctim}
}

func intact(one *pkg) bool { return one.mark != mark{} && marked(one.binary) == one.mark }

// settle waits until a change of the binaries would have another time than their making.
func settle() { time.Sleep(10 * time.Millisecond) }
