package factor

import (
	"math/big"
	"slices"

	"factorfleet/internal/factor/prime"
)

// A claim is the statement that the probable prime n is prime. A prover has one claim
// for each n, which may serve several other claims.
type claim struct {
	n          *big.Int
	sides      [2]side    // n-1 and n+1
	step       *ProofStep // the proof; nil until it is found
	uses       []*claim   // the claims that step rests on
	round      int        // the last one in which it was worked on
	unprovable bool       // a witness was not found, so n is probably composite
}

// claim returns the claim that n is prime, and creates it if it is new.
func (p *Prover) claim(n *big.Int) *claim {
	key := string(n.Bytes())
	c := p.claims[key]
	if c == nil {
		c = &claim{n: n}
		c.sides[0].m = new(big.Int).Sub(n, one)
		c.sides[1].m = new(big.Int).Add(n, one)
		p.claims[key] = c
	}
	return c
}

// A side is what is known of the factors of m = n-1 or m = n+1.
type side struct {
	m      *big.Int
	search *search // of m; nil before the first round
}

// proof returns the steps of c and of all claims that it uses, directly or not, each
// once and in descending order.
func (c *claim) proof() *Proof {
	// list grows while it is read: first c, then the claims that it uses, and so on.
	seen := map[*claim]bool{c: true}
	list := []*claim{c}
	for i := 0; i < len(list); i++ {
		for _, u := range list[i].uses {
			if !seen[u] {
				seen[u] = true
				list = append(list, u)
			}
		}
	}
	slices.SortFunc(list, func(a, b *claim) int { return b.n.Cmp(a.n) })
	proof := new(Proof)
	for _, c := range list {
		proof.Steps = append(proof.Steps, *c.step)
	}
	return proof
}

// fullPower returns the largest power of q that divides m. Requires q > 1, m > 0.
func fullPower(m, q *big.Int) *big.Int {
	rest, _ := prime.TakeOut(m, q)
	return new(big.Int).Quo(m, rest)
}
