package plan

// A load is what is left of a job at one moment, in seconds, for its end to be predicted.
type load struct {
	numbers float64 // that no slot has begun
	queued  float64 // their expected CPU time
	hardest float64 // expected CPU time of the hardest of them
	running []runningLoad

	cores      float64 // of the workers of the job, above 0
	one        float64 // cores that one number can use, 1 to cores
	efficiency float64 // CPU time that the job gets of each core, a second
}

// A runningLoad is a number at work.
type runningLoad struct{ left, cores float64 }

// end returns the seconds until the last number is done. The queued numbers and the running ones share the cores:
//
//	t = max(longest running number, (queued/efficiency + sum of left*cores of the running ones) / usable cores) + tail
//
// At the end there are fewer numbers than cores. A number uses the idle cores of its own worker only; so the last one is
// expected to begin somewhere in the time of the hardest, and
//
//	tail = hardest/efficiency/one / 2 * (1 - one/cores)
func (l *load) end() float64 {
	var longest, work float64
	for _, r := range l.running {
		longest = max(longest, r.left)
		work += r.left * r.cores
	}
	usable := l.cores
	if n := l.numbers + float64(len(l.running)); n*l.one < usable {
		usable = max(n*l.one, 1)
	}
	work += l.queued / l.efficiency
	end := max(longest, work/usable)
	if l.numbers >= 1 {
		end += l.hardest / l.efficiency / l.one / 2 * (1 - l.one/l.cores)
	}
	return end
}
