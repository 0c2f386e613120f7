package kind

import (
	"cmp"
	"context"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// maxCertificates is how many bytes the certificates of one number may have together, so
// that its result fits into a message. A hundred bytes for a prime of 100 bits, a thousand
// for one of 400, are usual.
const maxCertificates = 256 << 10

// certify proves the probable primes among the factors of n, the smallest first, for as
// long as the budget of n goes. Those that it cannot prove stay what they are. An error is
// the cause of the end of ctx.
func (b *bench) certify(ctx context.Context, n nat.Nat, answer *task.Factorization) error {
	if !b.o.Certify {
		return nil
	}
	total := 0
	for i := range answer.Factors {
		f := &answer.Factors[i]
		left := cmp.Or(b.o.Budget, factor.DefaultBudget(n.BitLen())) - time.Since(b.began)
		if f.Status != task.PRP || left <= 0 {
			continue
		}
		if b.prover == nil {
			b.prover = factor.NewProver(b.options)
		}
		proof, err := b.prover.Prove(ctx, f.P, left)
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

// takeHelped returns how long other cores have helped since the last call.
func (b *bench) takeHelped() time.Duration {
	t := b.engine.TakeHelped()
	if b.prover != nil {
		t += b.prover.TakeHelped()
	}
	return t
}

// certificate returns the text of a proof, "" if there is none or it is too long.
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

func witnesses(list []factor.Witness) (out []task.Witness) {
	for _, w := range list {
		out = append(out, task.Witness{Q: w.Q, A: w.A})
	}
	return out
}
