// Command free prints the free time between 9 and 17 o'clock.
package main

import (
	"fmt"

	"example.com/calendar/calendar"
)

func main() {
	for _, span := range calendar.Free(calendar.Span{Start: 540, End: 1020}, nil) {
		fmt.Printf("%02d:%02d, %d minutes\n", span.Start/60, span.Start%60, span.Minutes())
	}
}
