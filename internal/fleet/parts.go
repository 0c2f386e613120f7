package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A part is the manifest of a campaign, in which many workers sieve one composite of one number of a job, its parent.
// Its key in FACTOR_JOBS is part.<parent>.<child>; the child is the job token in the subjects of its tasks, yields
// and lease. Such a key has three tokens: the filters "*" of manifests and "worker.*" of standings do not select it.
// So programs of an earlier release never see a part.
//
//	CreatePart ─► sieve or curves ── ChangePart: divisors ──► done ── RemovePart ─► no key
//	                │                                          ▲
//	                └── the position is answered, or the parent ends
//
// The tasks of a part are expendable. A sweeper queues none again: it finds no manifest under the name of the child,
// and drops the task. A part has no input, no returns and no dead letters.

// ErrNoPart is wrapped when a part does not exist.
var ErrNoPart = errors.New("no such part of a job")

const partPrefix = "part."

// partKey returns the key of a part in FACTOR_JOBS.
func partKey(parent, child string) string { return partPrefix + parent + "." + child }

// CreatePart stores a part unless there is one of its id, and returns what is stored then. Two supervisors that
// create the same part at the same time both get the one that was stored first.
func (f *Fleet) CreatePart(ctx context.Context, p *task.Part) (*task.Part, error) {
	err := f.link.RetryStart(ctx, func() error {
		_, err := f.jobs.Create(ctx, partKey(p.Parent, p.ID), p.Encode())
		return err
	})
	switch {
	case err == nil:
		return p, nil
	case errors.Is(err, jetstream.ErrKeyExists):
		return f.Part(ctx, p.Parent, p.ID)
	}
	return nil, fmt.Errorf("create part %s of job %s: %w", p.ID, p.Parent, stream.Explain(err))
}

// Part returns the part child of a job, which the caller may modify. An error wraps ErrNoPart if there is none, and
// ErrUnreadable if this program cannot have written it. A replica that is behind may answer.
func (f *Fleet) Part(ctx context.Context, parent, child string) (*task.Part, error) {
	p, _, err := f.partRevision(ctx, parent, child)
	return p, err
}

// partRevision is Part, and returns the revision of the key as well.
func (f *Fleet) partRevision(ctx context.Context, parent, child string) (*task.Part, uint64, error) {
	if err := errors.Join(task.CheckJob(parent), task.CheckJob(child)); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrNoPart, err)
	}
	e, err := f.jobs.Get(ctx, partKey(parent, child))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, fmt.Errorf("%w: %s of %s", ErrNoPart, child, parent)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read part %s of job %s: %w", child, parent, stream.Explain(err))
	}
	p, err := decodePart(parent, child, e.Value())
	return p, e.Revision(), err
}

// decodePart decodes the value of a key. The part must have the names of the key: its subjects are made from them.
func decodePart(parent, child string, value []byte) (*task.Part, error) {
	p, err := task.DecodePart(value)
	if err == nil {
		err = p.Check()
	}
	if err == nil && (p.Parent != parent || p.ID != child) {
		err = fmt.Errorf("it is part %.60q of job %.60q", p.ID, p.Parent)
	}
	if err != nil {
		return nil, fmt.Errorf("read part %s of job %s: %w: %w", child, parent, ErrUnreadable, err)
	}
	return p, nil
}

// ChangePart applies change to a part and stores it. It repeats both if another process has changed the part
// meanwhile. An error of change ends it and is returned unchanged.
func (f *Fleet) ChangePart(ctx context.Context, parent, child string, change func(*task.Part) error) (*task.Part, error) {
	for {
		p, revision, err := f.partRevision(ctx, parent, child)
		if err != nil {
			return nil, err
		}
		before := p.Encode()
		if err := change(p); err != nil {
			return p, err
		}
		after := p.Encode()
		if bytes.Equal(before, after) {
			return p, nil
		}
		if _, err = f.jobs.Update(ctx, partKey(parent, child), after, revision); err == nil {
			return p, nil
		}
		if !stream.IsConflict(err) {
			return nil, fmt.Errorf("write part %s of job %s: %w", child, parent, stream.Explain(err))
		}
	}
}

// A PartName names a part.
type PartName struct{ Parent, Child string }

// PartsOf returns the names of the parts of a job, those with unreadable manifests too; of all jobs if job is "".
// The leader of FACTOR_JOBS answers.
func (f *Fleet) PartsOf(ctx context.Context, job string) (names []PartName, err error) {
	if job == "" {
		job = "*"
	} else if err := task.CheckJob(job); err != nil {
		return nil, err
	}
	prefix := schema.KeyPrefix(schema.BucketJobs) + partPrefix
	err = f.eachSubject(ctx, schema.BucketStream(schema.BucketJobs), prefix+job+".*", func(subject string) {
		parent, child, _ := strings.Cut(strings.TrimPrefix(subject, prefix), ".")
		if task.CheckJob(parent) == nil && task.CheckJob(child) == nil {
			names = append(names, PartName{parent, child})
		}
	})
	slices.SortFunc(names, func(a, b PartName) int { return strings.Compare(a.Parent+"."+a.Child, b.Parent+"."+b.Child) })
	return slices.Compact(names), err
}

// AllParts returns the children of all parts, and those of them that are not done, sorted. It reads each part.
func (f *Fleet) AllParts(ctx context.Context) (children, working []string, _ error) {
	names, err := f.PartsOf(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		children = append(children, name.Child)
		p, err := f.Part(ctx, name.Parent, name.Child)
		switch {
		case errors.Is(err, ErrNoPart), errors.Is(err, ErrUnreadable):
		case err != nil:
			return nil, nil, err
		case p.State != task.PartDone:
			working = append(working, p.ID)
		}
	}
	slices.Sort(children)
	slices.Sort(working)
	return children, working, nil
}

// isPart reports whether FACTOR_JOBS has a part of that id, of any job.
func (f *Fleet) isPart(ctx context.Context, id string) (bool, error) {
	if !task.IsChildID(id) {
		return false, nil
	}
	return f.hasKey(ctx, partPrefix+"*."+id)
}
