package calendar

import (
	"reflect"
	"testing"
)

var day = Span{9 * 60, 17 * 60}

func TestMerged(t *testing.T) {
	got := Merged([]Span{{600, 660}, {540, 610}, {700, 720}})
	if want := []Span{{540, 660}, {700, 720}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFree(t *testing.T) {
	for name, test := range map[string]struct{ taken, want []Span }{
		"nothing taken":  {nil, []Span{day}},
		"in the morning": {[]Span{{540, 600}}, []Span{{600, 1020}}},
		"until the end":  {[]Span{{600, 1020}}, []Span{{540, 600}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Free(day, test.taken); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestLongest(t *testing.T) {
	if got := Longest([]Span{{0, 10}, {20, 40}, {50, 70}}); got != (Span{20, 40}) {
		t.Errorf("got %v", got)
	}
}

func TestLongestOfNone(t *testing.T) {
	if got := Longest(nil); got.Minutes() != 0 {
		t.Errorf("got %v", got)
	}
}
