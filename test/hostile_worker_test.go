package test

import "testing"

// Whatever one worker does with its credentials, every number gets a right answer. The attack costs time,
// and its author is named in the log of the supervisor and in `workers ls`. README has what such a worker
// can cost.
func TestHostileWorker(t *testing.T) {
	t.Parallel()
	for _, attack := range []struct {
		name string
		test func(*testing.T)
	}{
		{"dead letters beside an honest worker", deadLettersBesideHonest},
		{"dead letters before an honest worker joins", deadLettersBeforeHonest},
		{"dead letters while the honest worker restarts", deadLettersBetweenHonest},
		{"forged naks and failure records", forgedNaks},
		{"naks with a delay of ten years", delayedNaks},
		{"acks of everything", forgedAcks},
		{"tasks held in silence", heldInSilence},
		{"tasks held with heartbeats", heldWithHeartbeats},
		{"tasks held and named", heldAndNamed},
		{"false composites", falseComposites},
		{"wrong results at full rate", wrongResults},
		{"results of nothing", resultsOfNothing},
		{"one result of huge primes", hugePrimes},
		{"overlapping results", overlappingResults},
		{"returns with many pieces", returnsInPieces},
		{"a flood of returns", returnsFlood},
		{"heartbeats that delete others", heartbeatsRollUp},
		{"heartbeats that stay", heartbeatsStay},
		{"a flood of heartbeats", heartbeatsFlood},
		{"parked requests", parkedRequests},
		{"requests with different replies", differentReplies},
		{"remedies", remedies},
	} {
		t.Run(attack.name, func(t *testing.T) { t.Parallel(); attack.test(t) })
	}
}
