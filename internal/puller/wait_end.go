package puller

import (
	"context"
	"slices"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// withdraw ends the requests that still wait, and delivers what the server has sent for them.
func (w *wait) withdraw() {
	if w.sub == nil {
		return
	}
	if w.open > 0 {
		w.overtake()
	}
	w.link.Withdraw(w.sub)
	for len(w.messages) > 0 {
		m := <-w.messages
		if status, _ := statusOf(m); status == "" {
			w.take(m)
		}
	}
}

// overtake delivers the tasks that durables have given to the requests, but not sent yet. The server does so later, after
// it has written other messages to its disk, perhaps a tenth of a second. If the subscription has ended by then, the task
// is delivered again, which counts. So each durable whose request is open gets another one, which no task can satisfy and
// which does not wait. Its end is sent after those tasks. Without an answer overtake gives up after grace.
func (w *wait) overtake() {
	if !w.link.NC.IsConnected() {
		return
	}
	answers, cancel := context.WithTimeout(w.link.AnswerContext(), grace)
	defer cancel()
	open := slices.DeleteFunc(w.classes, func(class task.Class) bool { return class == w.class })
	for _, class := range open {
		if w.link.NC.PublishRequest(w.requestSubject(class), w.inbox, []byte(`{"batch":1,"no_wait":true,"max_bytes":1}`)) != nil {
			return
		}
	}
	for ends := 0; ends < len(open); {
		m := stream.Next(answers, w.messages)
		if m == nil {
			return
		}
		switch status, _ := statusOf(m); {
		case status == "":
			w.take(m)
		case m.Subject == w.inbox && status != idleHeartbeat && status != "408": // 408 ends a request that waits
			ends++
		}
	}
}
