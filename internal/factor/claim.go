package factor

import (
	"math/big"
	"slices"

	"factorfleet/internal/factor/prime"
)

// A claim is that n is prime.
type claim struct {
	n          *big.Int
	sides      [2]side    // n-1 and n+1
	step       *ProofStep // nil until it is proved
	uses       []*claim   // by the step
	round      int        // in which it was last worked on
	unprovable bool       // there is no witness: no proof will be found
}

// claim returns the claim that n is prime.
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
	search *search // nil until it is begun
}

// proof collects the steps that that of c rests on.
func (c *claim) proof() *Proof {
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

// fullPower returns the power of q that divides m. Requires q > 1, m > 0.
func fullPower(m, q *big.Int) *big.Int {
	rest, _ := prime.TakeOut(m, q)
	return new(big.Int).Quo(m, rest)
}
