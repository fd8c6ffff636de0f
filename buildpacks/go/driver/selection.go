package main

import (
	"regexp"
	"strings"
)

// An alternative is a part of a pattern of `-run`: what names a test, and what names those within it.
type alternative struct {
	test  *regexp.Regexp
	inner string
}

// alternatives are the parts of a pattern that `|` separates, each with what comes before its first `/`.
func alternatives(pattern string) []alternative {
	var found []alternative
	for _, part := range cut(pattern, '|', -1) {
		levels := append(cut(part, '/', 2), "")
		test, err := regexp.Compile(levels[0])
		if err != nil {
			stop(codeRefused, err.Error())
		}
		found = append(found, alternative{test, levels[1]})
	}
	return found
}

// cut divides a pattern at a separator that no bracket is around, into so many pieces at most.
func cut(pattern string, separator byte, most int) []string {
	var pieces []string
	depth, class, from := 0, 0, 0
	for place := 0; place < len(pattern) && len(pieces)+1 != most; place++ {
		switch sign := pattern[place]; {
		case sign == '\\':
			place++
		case sign == '[':
			class++
		case sign == ']':
			class = max(class-1, 0)
		case sign == '(' && class == 0:
			depth++
		case sign == ')' && class == 0:
			depth--
		case sign == separator && depth == 0 && class == 0:
			pieces = append(pieces, pattern[from:place])
			from = place + 1
		}
	}
	return append(pieces, pattern[from:])
}

func matches(name string, any []alternative) bool {
	for _, one := range any {
		if one.test.MatchString(name) {
			return true
		}
	}
	return false
}

// whole are the alternatives that stand for tests at the top.
func whole(all []alternative) []alternative {
	var found []alternative
	for _, one := range all {
		if one.inner == "" {
			found = append(found, one)
		}
	}
	return found
}

// selecting is the pattern for these tests alone, and within them for what the command chose; the canary has nothing in it.
func selecting(run, canary string, names []string) string {
	var parts []string
	for _, one := range alternatives(run) {
		var chosen []string
		for _, name := range names {
			if name != canary && one.test.MatchString(name) {
				chosen = append(chosen, name)
			}
		}
		if part := "^(" + strings.Join(chosen, "|") + ")$"; len(chosen) > 0 && one.inner != "" {
			parts = append(parts, part+"/"+one.inner)
		} else if len(chosen) > 0 {
			parts = append(parts, part)
		}
	}
	if canary != "" {
		parts = append(parts, "^"+canaryPrefix+"[0-9a-f]{32}$") // its name is not for all to see in the arguments
	}
	return strings.Join(parts, "|")
}
