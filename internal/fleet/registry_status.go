package fleet

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Bounds of what a worker may report of itself. They are above what a machine or a number can have, and
// so low that a list of a thousand workers can be added without overflow.
const (
	maxSlots  = 1 << 12 // cores of a machine
	maxDigits = 5000    // decimal digits of a number
)

// decodeStatus decodes a heartbeat, which any client may have written: texts are made fit to be
// printed, and numbers to be added.
func decodeStatus(key string, b []byte) (worker.Status, bool) {
	var s worker.Status
	name, instance, ok := cutKey(key)
	if !ok || len(b) > schema.MaxStatusSize || json.Unmarshal(b, &s) != nil {
		return worker.Status{}, false
	}
	s.Name, s.Instance = name, instance
	for _, text := range []*string{&s.Version, &s.Kernels, &s.Host, &s.State, &s.Pause} {
		*text = oneShortLine(*text)
	}
	s.Started = *encodable(&s.Started)
	s.Seen = time.Time{}
	for _, n := range []*int{&s.Slots, &s.Busy, &s.Lost, &s.Held} {
		*n = min(max(*n, 0), maxSlots)
	}
	s.CPU, s.PID = max(s.CPU, 0), max(s.PID, 0)
	s.Offers = task.SoundOffers(s.Offers)
	s.MaxDigits, s.MemoryDigits = min(max(s.MaxDigits, 0), maxDigits), min(max(s.MemoryDigits, 0), maxDigits)
	s.Activities = soundActivities(s.Activities)
	s.Holding = soundHolding(worker.LongNames(s.Holding, worker.HoldingPerSlot*s.Slots))
	return s, true
}

// cutKey returns the worker and the instance of a key; ok is false if it is not the key of a heartbeat.
func cutKey(key string) (name, instance string, ok bool) {
	name, instance, _ = strings.Cut(key, ".")
	return name, instance, task.CheckWorker(name) == nil && task.CheckJob(instance) == nil
}

// soundHolding returns the names that are names of tasks.
func soundHolding(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { _, ok := worker.ParseTaskName(name); return !ok })
}

// maxComposite bounds the digits of the composite in an activity.
const maxComposite = task.MaxPartDigits

// soundComposite returns text if it is a number in decimal, else "".
func soundComposite(text string) string {
	var n nat.Nat
	if len(text) > maxComposite || n.UnmarshalText([]byte(text)) != nil {
		return ""
	}
	return text
}

// soundActivities returns the activities that are possible, fit to be printed.
func soundActivities(list []worker.Activity) (sound []worker.Activity) {
	for _, a := range list[:min(len(list), worker.MaxActivities)] {
		if task.CheckJob(a.Job) != nil || a.Position >= task.MaxPosition {
			continue
		}
		a.Method = oneShortLine(a.Method)
		a.Digits, a.Cores = min(max(a.Digits, 0), maxDigits), min(max(a.Cores, 1), maxSlots)
		a.Left, a.Spent, a.Budget = max(a.Left, 0), max(a.Spent, 0), max(a.Budget, 0)
		a.Composite = soundComposite(a.Composite)
		sound = append(sound, a)
	}
	return sound
}
