//go:build unix

package execkind

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// guardScript reads "+ GROUP" when a process group begins and "- GROUP" when it has ended. At the end of its input it
// kills the groups that are left.
const guardScript = `trap '' HUP INT TERM
groups=
while read -r change group; do
	case $change in
	+) groups="$groups $group" ;;
	-)
		left=
		for g in $groups; do
			[ "$g" = "$group" ] || left="$left $g"
		done
		groups=$left
		;;
	esac
done
for g in $groups; do
	kill -s KILL -- "-$g"
done`

// A guard is a process that kills the processes of a Kind when the worker has died: it holds the other end of a pipe, which
// the system closes then. It has a session of its own, so that no signal for the worker ends it.
type guard struct {
	cmd *exec.Cmd
	in  *os.File
}

func startGuard() (*guard, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	g := &guard{exec.Command(shell, "-c", guardScript), ours}
	g.cmd.Stdin = theirs
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := g.cmd.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	return g, nil
}

// begin says that the group of a process has begun. Of a worker that is killed between the start of the process and this
// call, the system ends only the process itself. If the guard does not read any more, the group is not guarded.
func (g *guard) begin(pid int) { g.in.WriteString("+ " + strconv.Itoa(pid) + "\n") }

// end says that the group has ended. It is called before the process is reaped: until then no other group has that id.
func (g *guard) end(pid int) { g.in.WriteString("- " + strconv.Itoa(pid) + "\n") }

// close ends the guard.
func (g *guard) close() {
	g.in.Close()
	g.cmd.Wait()
}
