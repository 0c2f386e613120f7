package execkind

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"factorfleet/internal/task"
)

const (
	// killAfter is how long the processes of a group have to end after SIGTERM, killGrace how long Close waits after SIGKILL.
	killAfter = 2 * time.Second
	killGrace = 5 * time.Second
	// tailGrace is how long after its end what a process has written to standard error is read: another process, which
	// has left its group, may have it open.
	tailGrace = 500 * time.Millisecond
)

// A process is one run of a command. The goroutine of Run owns it, except where a field says so.
type process struct {
	in  *inlet // nil in mode args
	out *outlet
	// rest is what was read and is not used, in the memory of buf.
	rest, buf []byte
	format    task.Format

	tail      tail
	guard     *guard        // of the Kind
	killAfter time.Duration // of the Kind
	stop      sync.Once     // of terminate
	exited    chan struct{}
	state     *os.ProcessState // of the waiter, until exited is closed

	mu     sync.Mutex // guards cmd.Process against a signal after the process is reaped: its id may be another's then
	cmd    *exec.Cmd
	reaped bool
}

// start starts the command, for item in mode args. The error says why it cannot be started.
func (k *Kind) start(item *string, environment []string, slot int) (*process, error) {
	p := &process{cmd: k.command.newCmd(item), killAfter: k.killAfter, exited: make(chan struct{})}
	p.cmd.Env = environment
	var theirs [3]*os.File // of the child
	err := p.connect(&theirs, item == nil)
	if err == nil {
		err = k.launch(p, slot)
	}
	for _, f := range theirs {
		if f != nil {
			f.Close()
		}
	}
	if err != nil {
		p.disconnect()
		p.tail.close()
		return nil, fmt.Errorf("cannot start the command: %w", err)
	}
	go p.wait(k)
	return p, nil
}

// launch starts p, and registers it. The waiter removes it.
func (k *Kind) launch(p *process, slot int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return errClosed
	}
	if k.guard == nil {
		g, err := startGuard()
		if err != nil {
			return err
		}
		k.guard = g
	}
	if err := spawn(p.cmd, k.command.Limits.Affinity, slot); err != nil {
		return err
	}
	p.guard = k.guard
	p.guard.begin(p.cmd.Process.Pid)
	k.live[p] = true
	k.waiters.Add(1)
	return nil
}

// connect makes the pipes of p. theirs are the ends of the child. Without input its standard input is empty.
func (p *process) connect(theirs *[3]*os.File, input bool) (err error) {
	if input {
		var ours *os.File
		if theirs[0], ours, err = os.Pipe(); err != nil {
			return err
		}
		p.in, p.cmd.Stdin = newInlet(ours), theirs[0]
	}
	ours, out, err := os.Pipe()
	if err != nil {
		return err
	}
	p.out, theirs[1], p.cmd.Stdout = newOutlet(ours), out, out
	ours, out, err = os.Pipe()
	if err != nil {
		return err
	}
	p.tail.f, theirs[2], p.cmd.Stderr = ours, out, out
	return nil
}

// disconnect closes the input and the output of the process.
func (p *process) disconnect() {
	if p.in != nil {
		p.in.close()
	}
	if p.out != nil {
		p.out.close()
	}
}

// wait is the waiter of p. When p has ended, it has the rest of its group killed.
func (p *process) wait(k *Kind) {
	defer k.waiters.Done()
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.tail.read()
	}()
	p.reap()
	p.state = p.cmd.ProcessState
	timer := time.AfterFunc(tailGrace, p.tail.close)
	<-read
	timer.Stop()
	p.tail.close()
	close(p.exited)
	k.mu.Lock()
	delete(k.live, p)
	k.mu.Unlock()
}

// hasExited reports whether the process has ended.
func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// signal sends SIGTERM or, if kill is set, SIGKILL to the group.
func (p *process) signal(kill bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killGroup(p.cmd.Process, kill)
	}
}

// terminate has the process and its group end. It does not wait for that. The owner must not use p afterwards.
func (p *process) terminate() {
	p.stop.Do(func() {
		p.disconnect()
		if p.hasExited() {
			return
		}
		p.signal(false)
		go func() {
			timer := time.NewTimer(p.killAfter)
			defer timer.Stop()
			select {
			case <-p.exited:
			case <-timer.C:
				p.signal(true)
			}
		}()
	})
}

// cpuTime returns the CPU time of the process and of those that it has waited for. Requires that it has exited.
func (p *process) cpuTime() time.Duration { return p.state.UserTime() + p.state.SystemTime() }
