package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/attempt"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// The campaign of a number says something about the deaths of its owners: see attempt.Sieve. Only processes that may
// change FACTOR_JOBS and FACTOR_LEASES write what is read here, so workers cannot.

// sieveOf returns the part of a campaign as the rules of attempts see it.
func sieveOf(p *task.Part) attempt.Sieve {
	s := attempt.Sieve{Advance: p.Advance, Pardoned: p.Pardoned}
	if len(p.Divisors) > 0 {
		s.Advance = attempt.MaxAdvance
	}
	return s
}

// findCampaign adds to e what the campaigns of a number of a job say. Of several the one counts that pardons deaths.
// A number of which no worker has died has no need of it.
func (x *Failures) findCampaign(ctx context.Context, job string, number task.Range, e *finding) error {
	if e.Workers == 0 {
		return nil
	}
	parts, err := x.f.partsOfNumber(ctx, job, number)
	if err != nil {
		return err
	}
	for _, p := range parts {
		s := sieveOf(p)
		if s.Campaign() == attempt.NoCampaign && p.State == task.PartSieve { // curves have no end for which the number could wait
			if s.Lately, err = x.f.advancesLately(ctx, p.ID); err != nil {
				return err
			}
		}
		if c := s.Campaign(); c > e.Campaign {
			e.Campaign, e.part = c, p
		}
	}
	if e.Campaign == attempt.NoCampaign {
		return nil
	}
	for _, c := range e.workers {
		if c.letter {
			e.Letters++
		}
	}
	return nil
}

// partsOfNumber returns the readable parts of a number of a job.
func (f *Fleet) partsOfNumber(ctx context.Context, job string, number task.Range) (list []*task.Part, _ error) {
	names, err := f.PartsOf(ctx, job)
	if err != nil {
		return nil, fmt.Errorf("look for campaigns of job %s: %w", job, stream.Explain(err))
	}
	for _, name := range names {
		p, err := f.Part(ctx, name.Parent, name.Child)
		switch {
		case errors.Is(err, ErrNoPart), errors.Is(err, ErrUnreadable):
		case err != nil:
			return nil, err
		case number == task.Range{First: p.Position, Count: 1}:
			list = append(list, p)
		}
	}
	return list, nil
}

// advancesLately reports whether a process conducts the campaign of a part and has verified relations lately.
func (f *Fleet) advancesLately(ctx context.Context, child string) (bool, error) {
	c := Campaign{Part: child}
	err := f.readCampaign(ctx, &c)
	return c.Holder != "" && c.CampaignProgress != nil && c.Advances, err
}

// hasDivisor reports whether a divisor is known of a number of a job.
func (f *Fleet) hasDivisor(ctx context.Context, job string, number task.Range) (bool, error) {
	parts, err := f.partsOfNumber(ctx, job, number)
	for _, p := range parts {
		if len(p.Divisors) > 0 {
			return true, nil
		}
	}
	return false, err
}

// errPardoned ends a change of a part whose campaign pardons no more deaths now: another process has pardoned them.
var errPardoned = errors.New("the deaths are pardoned already")

// pardon executes Decision.Pardon: it removes the records of those workers that have stored no dead letter, and then sets
// Pardoned in the manifest of the campaign. It reports false if another process has pardoned the deaths already.
func (x *Failures) pardon(ctx context.Context, job string, number task.Range, e *finding) (bool, error) {
	deaths, err := x.removeDeaths(ctx, e)
	if err != nil {
		return false, err
	}
	_, err = x.f.ChangePart(ctx, job, e.part.ID, func(p *task.Part) error {
		s := sieveOf(p)
		if s.Campaign() != attempt.CampaignPardons {
			return errPardoned
		}
		p.Pardoned = s.Advance
		return nil
	})
	if errors.Is(err, errPardoned) || errors.Is(err, ErrNoPart) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	x.f.link.Log.Info().Str("job", job).Stringer("range", number).Int("deaths", deaths).
		Msg("workers that had a hard number have died, but its campaign has advanced: it is queued again")
	return true, nil
}

// removeDeaths removes the records of e of workers that have stored no dead letter, and returns how many last attempts
// they are. Later records stay.
func (x *Failures) removeDeaths(ctx context.Context, e *finding) (deaths int, _ error) {
	for _, c := range e.workers {
		if c.letter {
			continue
		}
		for _, p := range c.last() {
			subject := schema.FailedSubject(p.Address, p.Attempt, p.Worker)
			if err := x.f.dead.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
				return deaths, fmt.Errorf("remove %s: %w", subject, stream.Explain(err))
			}
			deaths++
		}
	}
	return deaths, nil
}
