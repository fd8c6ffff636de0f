// Package calendar finds the free time between appointments.
package calendar

import "sort"

// A Span is a time of the day, in minutes from midnight; its end is not part of it.
type Span struct {
	Start, End int
}

// Minutes is how long a span takes.
func (s Span) Minutes() int { return s.End - s.Start }

// Merged are the times that the spans cover together, in order.
func Merged(spans []Span) []Span {
	sorted := append([]Span(nil), spans...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Start < sorted[j].Start })
	var merged []Span
	for _, span := range sorted {
		if last := len(merged) - 1; last >= 0 && span.Start <= merged[last].End {
			merged[last].End = max(merged[last].End, span.End)
		} else {
			merged = append(merged, span)
		}
	}
	return merged
}

// Free is the time of a day that no appointment takes.
func Free(day Span, appointments []Span) []Span {
	var free []Span
	from := day.Start
	for _, taken := range Merged(appointments) {
		if taken.Start > from {
			free = append(free, Span{from, min(taken.Start, day.End)})
		}
		from = taken.End
	}
	if from < day.Start {
		free = append(free, Span{from, day.End})
	}
	return free
}

// Longest is the longest of some spans; the first of several.
func Longest(spans []Span) Span {
	var longest Span
	for _, span := range spans {
		if span.Minutes() > longest.Minutes() {
			longest = span
		}
	}
	return longest
}
