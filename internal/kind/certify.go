package kind

import (
	"cmp"
	"context"

	"factorfleet/internal/factor"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxCertificates bounds the certificates of one number, in bytes together, so that its
// result fits into a message. Usual are 100 bytes for a prime of 100 bits, and 1,000 bytes
// for a prime of 400 bits.
const maxCertificates = 256 << 10

// certify proves the probable primes among the factors of n, the smallest first, within the
// budget of n. A prime that it cannot prove stays a probable prime. Small ones are first because they are proved
// sooner, and so a budget yields the most proofs. The only error is
// context.Cause(ctx), after ctx has ended.
func (r *runner) certify(ctx context.Context, n nat.Nat, answer *task.Factorization) error {
	if !r.o.Certify {
		return nil
	}
	total := 0
	for i := range answer.Factors {
		f := &answer.Factors[i]
		if f.Status != task.PRP {
			continue
		}
		left := cmp.Or(r.o.Budget, factor.DefaultBudget(n.BitLen())) - (r.meter.Read() - r.from)
		if left <= 0 {
			continue
		}
		if r.prover == nil {
			r.prover = factor.NewProver(r.options)
		}
		proof, err := r.prover.Prove(ctx, f.P, left)
		if err != nil {
			return err
		}
		text := certificate(proof)
		if text == "" || total+len(text) > maxCertificates {
			continue
		}
		total += len(text)
		if answer.Certificates == nil {
			answer.Certificates = make([]string, len(answer.Factors))
		}
		f.Status, answer.Certificates[i] = task.Prime, text
	}
	return nil
}

// certificate returns the text of a proof; "" if p is nil or exceeds the limits of
// task.Certificate.
func certificate(p *factor.Proof) string {
	if p == nil {
		return ""
	}
	c := new(task.Certificate)
	for i := range p.Steps {
		s := &p.Steps[i]
		c.Steps = append(c.Steps, task.Step{N: s.N, Minus: witnesses(s.Minus), Plus: witnesses(s.Plus)})
	}
	text, err := c.Text()
	if err != nil {
		return ""
	}
	return text
}

// witnesses converts the witnesses of a step.
func witnesses(list []factor.Witness) (out []task.Witness) {
	for _, w := range list {
		out = append(out, task.Witness{Q: w.Q, A: w.A})
	}
	return out
}
