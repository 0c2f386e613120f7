package test

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A request is a message that a role may send and that the server answers.
type request struct{ subject, body string }

// requests are messages of a worker that the server answers in different ways: with a task or the end
// of a pull, by the JetStream API, by a stream, by a durable.
func requests(worker string) []request {
	pull := `{"batch":1,"no_wait":true}`
	return []request{
		{"$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-low", pull},
		{"$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm", pull},
		{"$JS.API.CONSUMER.INFO.FACTOR_TASKS.workers-norm", ""},
		{"FACTOR.results.answers.0-1." + worker, "x"},
		{"FACTOR.returns.answers.0-1.0." + worker, "x"},
		{"FACTOR.dead.answers.0-1." + worker, "x"},
		{"FACTOR.failed.answers.0-1.0.1." + worker, "x"},
		{"$KV.FACTOR_WORKERS." + worker + ".answers", "{}"},
		{"$JS.ACK.FACTOR_TASKS.workers-norm.1.1.1.1.0", "+WPI"},
	}
}

// errKept is returned if no answer arrived where none may arrive.
var errKept = errors.New("no answer was sent there")

// misdirects sends requests as an identity, with reply subjects on which it may not publish. hears are
// the identities that could receive the answers there.
func misdirects(name string, sent []request, places []string, hears ...string) func(*guarded) error {
	return func(g *guarded) error { return misdirect(g, name, sent, places, g, hears...) }
}

// misdirect is misdirects with hears connected to another server of the cluster.
func misdirect(g *guarded, name string, sent []request, places []string, at *guarded, hears ...string) error {
	nc, err := g.dial(name)
	if err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	defer nc.Close()
	var ears []*ear
	for _, who := range hears {
		e, err := at.listen(who, places)
		if err != nil {
			return fmt.Errorf("not tried: %w", err)
		}
		defer e.nc.Close()
		ears = append(ears, e)
	}
	for _, place := range places {
		for _, r := range sent {
			if err := nc.PublishRequest(r.subject, place, []byte(r.body)); err != nil {
				return fmt.Errorf("not tried: %w", err)
			}
		}
	}
	// The same requests with replies to the sender: once these have arrived, the others would have arrived
	// too.
	for _, r := range sent {
		if _, err := nc.Request(r.subject, []byte(r.body), patience); err != nil {
			return fmt.Errorf("not tried: %s: %w", r.subject, err)
		}
	}
	if err := refusedWith(nc); err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	for _, e := range ears {
		if heard, err := e.heard(); err != nil || heard != "" {
			g.t.Logf("%s had an answer sent to %s", name, heard)
			return err
		}
	}
	for _, place := range places {
		if is, err := g.isStored(place); err != nil || is {
			g.t.Logf("%s had an answer stored as %s", name, place)
			return err
		}
	}
	return errKept
}

// isStored reports whether a stream holds a message under the subject.
func (g *guarded) isStored(subject string) (bool, error) {
	nc, err := g.dial("admin")
	if err != nil {
		return false, fmt.Errorf("not tried: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return false, fmt.Errorf("not tried: %w", err)
	}
	name, err := js.StreamNameBySubject(g.t.Context(), subject)
	if errors.Is(err, jetstream.ErrStreamNotFound) { // an order
		return false, nil
	}
	var stream jetstream.Stream
	if err == nil {
		stream, err = js.Stream(g.t.Context(), name)
	}
	if err == nil {
		_, err = stream.GetLastMsgForSubject(g.t.Context(), subject)
	}
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("not tried: %s: %w", subject, err)
	}
	return true, nil
}

// An ear is a connection that subscribes to some subjects.
type ear struct {
	nc   *nats.Conn
	subs []*nats.Subscription
}

func (g *guarded) listen(name string, subjects []string) (*ear, error) {
	nc, err := g.dial(name)
	if err != nil {
		return nil, err
	}
	e := &ear{nc: nc}
	for _, subject := range subjects {
		sub, err := nc.SubscribeSync(subject)
		if err != nil {
			return nil, err
		}
		e.subs = append(e.subs, sub)
	}
	return e, refusedWith(nc)
}

// heard returns a subject on which a message arrived, or "".
func (e *ear) heard() (string, error) {
	if err := refusedWith(e.nc); err != nil {
		return "", fmt.Errorf("not tried: %w", err)
	}
	for _, sub := range e.subs {
		if n, _, err := sub.Pending(); err != nil || n > 0 {
			return sub.Subject, err
		}
	}
	return "", nil
}

// stored are subjects of all streams, and of other identities.
func stored() []string {
	return []string{
		"FACTOR.inputs.answers.0-1", "FACTOR.tasks.norm.answers.0-1.0", "$KV.FACTOR_JOBS.answers", "$KV.FACTOR_LEASES.answers",
		"FACTOR.results.answers.0-1.worker-2", "FACTOR.returns.answers.0-1.0.worker-2", "FACTOR.dead.answers.0-1.sweeper", "$KV.FACTOR_WORKERS.worker-2.answers",
		"FACTOR.cache.answers", "FACTOR.results.answers.0-1.cache",
	}
}

// ordered are orders.
func ordered() []string {
	return []string{"FACTOR.ctl.cancel.answers", "FACTOR.ctl.quarantine.worker-2", "FACTOR.ctl.release.worker-2"}
}
