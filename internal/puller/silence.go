package puller

import (
	"errors"
	"fmt"

	"factorfleet/internal/worker"
)

// Silence means that requests are sent and neither tasks nor a status come back: the network drops
// packets without a sign, or the server has lost the subscription. A sound server answers every request
// within its expiry. maxSilent is the number of silent requests in a row after which the puller does
// more than log. Each request takes 2 to 3 s, so the last step comes after some 25 s:
//
//	requests   step
//	3          replace the subscription
//	6          reconnect
//	9, 12..    report worker.ErrRestart: the process ends, for systemd or the like to start it again
//
// A lost connection explains the silence; the count then begins again.
const maxSilent = 3

// noAnswer is called when the end of a request did not come. count is the number of tasks that came.
func (p *puller) noAnswer(count int) error {
	if !p.link.NC.IsConnected() {
		p.silent = 0
		return nil
	}
	switch p.silent++; {
	case count > 0:
		return nil
	case p.silent%maxSilent != 0:
		return errors.New("no answer to a pull request")
	case p.silent == maxSilent:
		return errors.Join(errors.New("no answer to pull requests: replacing the subscription"), p.subscribe())
	case p.silent == 2*maxSilent:
		p.link.Log.Warn().Msg("no answer to pull requests: forcing a reconnect to NATS")
		return errors.Join(errors.New("no answer to pull requests: reconnecting"), p.link.NC.ForceReconnect())
	}
	return fmt.Errorf("%w: no answer to pull requests", worker.ErrRestart)
}

// serverShutdown is the description of the status by which a server announces its end.
const serverShutdown = "Server Shutdown"

// statusError returns the error of a request that the server has ended with a status, or nil if the
// end is an ordinary one:
//
//	404   no task is queued
//	408   the time of the request is over
//	409   the request was ended: an ordinary end if the server shuts down or the leader changes
//	503   no program answers: the durable does not exist, or has no leader now
func statusError(status, description string) error {
	switch status {
	case "404", "408":
		return nil
	case "409":
		switch description {
		case serverShutdown, "Leadership Change":
			return nil
		case fullDescription:
			return errFull
		case deletedDescription:
			return errNoAnswer
		}
		return fmt.Errorf("the server ended a pull request: %s", description)
	case "503":
		return errNoAnswer
	}
	return fmt.Errorf("the server answered a pull request with %s %s", status, description)
}
