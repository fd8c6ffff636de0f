package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"syscall"
)

// A job is what the pack asks for, see pack.py and buildpacks/result_lines.py.
type job struct {
	Key      string             `json:"key"`
	IDs      []string           `json:"ids"`
	Limit    float64            `json:"case_limit_s"`
	Budget   float64            `json:"hang_budget_s"`
	Limits   map[string]float64 `json:"limits"`
	Canaries bool               `json:"canaries"`
	Run      string             `json:"run"`
	Skip     string             `json:"skip"`
	Flags    []string           `json:"flags"`
	Args     []string           `json:"args"`
}

// A channel is the way out for results: signed lines on the driver's standard output, which no child has.
type channel struct {
	key    []byte
	number uint64
}

const (
	prSetDumpable       = 4
	prSetChildSubreaper = 36
)

// opened reads the job and closes the ways that lead to it: nobody may look into this process from now on, and what
// tests leave running becomes its child.
func opened() (*channel, *job) {
	for option, value := range map[uintptr]uintptr{prSetDumpable: 0, prSetChildSubreaper: 1} {
		if _, _, failed := syscall.RawSyscall6(syscall.SYS_PRCTL, option, value, 0, 0, 0, 0); failed != 0 {
			stop(codeBroken, "prctl: "+failed.Error())
		}
	}
	var asked job
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		stop(codeBroken, "no job: "+err.Error())
	}
	os.Stdin.Close()
	key, err := hex.DecodeString(asked.Key)
	if err != nil || len(key) == 0 {
		stop(codeBroken, "no key")
	}
	asked.Key = ""
	return &channel{key: key}, &asked
}

func (out *channel) write(result any) {
	data, err := json.Marshal(result)
	if err != nil {
		stop(codeBroken, err.Error())
	}
	mac := hmac.New(sha256.New, out.key)
	binary.Write(mac, binary.BigEndian, out.number)
	mac.Write(data)
	out.number++
	line := append([]byte(hex.EncodeToString(mac.Sum(nil))), ' ')
	line = append(append(line, data...), '\n')
	if _, err := os.Stdout.Write(line); err != nil {
		stop(codeBroken, err.Error())
	}
}

type caseLine struct {
	Case     string  `json:"case"`
	Outcome  string  `json:"outcome"`
	Duration float64 `json:"duration_s"`
	Message  string  `json:"message"`
}

type canaryLine struct {
	Canary string `json:"canary"`
}

type endLine struct {
	End int `json:"end"`
}
