package job

import "time"

const remindEvery = 5 * time.Second

// beginReminders has the loop call remind now and every remindEvery.
func (l *loop) beginReminders() {
	if l.goal != goalEnd {
		return
	}
	l.reminder.Reset(remindEvery)
	l.remind()
}

// remind tells workers of a quarantine or a release that they have missed, if this process is
// the holder.
func (l *loop) remind() {
	if !l.holding || l.reminding {
		return
	}
	l.reminding = true
	t := l.trust
	l.group.Go(func() { l.post(reminded{t.Remind(l.ctx)}) })
}
