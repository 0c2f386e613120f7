package observe

import "slices"

// A history has the last MaxSamples samples. One goroutine uses it; what list returns does not change.
type history struct {
	samples []Sample
}

// newHistory continues the samples of an earlier one.
func newHistory(samples []Sample) *history { return &history{slices.Clone(samples)} }

// add adds a sample. The list is copied, because Views share it.
func (h *history) add(x Sample) {
	keep := h.samples[max(0, len(h.samples)-MaxSamples+1):]
	next := make([]Sample, 0, MaxSamples)
	h.samples = append(append(next, keep...), x)
}

// list returns the samples, the oldest first.
func (h *history) list() []Sample { return h.samples[:len(h.samples):len(h.samples)] }
