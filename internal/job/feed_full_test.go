package job

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestQueueFull: a queue that fills up many times a second is reported once, and then once a minute.
func TestQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := 0
		fd := &feeder{watch: Watch{Status: func(what string) {
			if what != "" {
				said++
			}
		}}}
		for range 20 * 150 { // 150 s
			fd.queueFull(true)
			time.Sleep(25 * time.Millisecond)
			fd.queueFull(false)
			time.Sleep(25 * time.Millisecond)
		}
		if said != 3 {
			t.Errorf("said %d times in 150 s, not 3", said)
		}
	})
}
