package attempt

import "factorfleet/internal/task"

// A Campaign says what the campaign of a number, on which other workers work, means for the deaths of its owners.
type Campaign uint8

const (
	NoCampaign       Campaign = iota // there is none, or it does not advance
	CampaignAdvances                 // it has advanced lately, but too little since deaths were last pardoned
	CampaignPardons                  // it has advanced enough since
)

// A Sieve is what is known of the campaign of a number. All of it comes from the process that conducts the campaign.
//
// The owner of a long number dies often on machines that come and go. These deaths would give the number up, although
// its campaign advances all the time. So they are pardoned each time the campaign has advanced by [PardonStep]: their
// records are removed, and the number has [MaxDeliver] deliveries again. In between it is not given up for deaths, as
// long as the campaign advances: it waits without an owner.
//
// Advance counts relations that were verified, or curves of workers whose evidence was audited: a worker cannot forge
// them. It never exceeds [MaxAdvance]. So a number that kills every owner costs at most
//
//	MaxAdvance/PardonStep * MaxDeliver = 96
//
// deaths more, and then it is given up as usual: nobody can keep it for ever. A sieve that ends as expected pardons about
// half of them.
type Sieve struct {
	Advance  int  // that of task.Part, 0 to MaxAdvance
	Pardoned int  // Advance when deaths were last pardoned
	Lately   bool // relations have been verified lately; false of curves, which have no end
}

const (
	// MaxAdvance is the Advance of a campaign that has found a divisor.
	MaxAdvance = task.MaxAdvance
	// PardonStep is by how much Advance has to grow from one pardon to the next.
	PardonStep = 4
)

// Campaign returns what the sieve means for deaths.
func (s Sieve) Campaign() Campaign {
	switch {
	case s.Advance-s.Pardoned >= PardonStep:
		return CampaignPardons
	case s.Lately:
		return CampaignAdvances
	}
	return NoCampaign
}
