// Package execkind computes tasks of the kinds "exec:NAME": the operator of a worker offers a command under a name, and
// the command turns each item of a task into an answer. What an item or an answer is, task.Format says.
//
// # Modes
//
//	mode    process                       item                           answer
//	lines   one for the items of a task   a line of its standard input   a line of its standard output, in the same order
//	args    one for each item             its last argument, "$1"        its standard output, without one newline at the end
//	server  one for each slot, kept       a line of its standard input   a line of its standard output, before the next item
//
// In format nul, items and answers end in NUL instead of a newline. In modes lines and server, a command must flush its
// output after each answer: what it has in a buffer when it dies is lost.
//
// # What comes from whom
//
// The command is the operator's word, and runs by "sh -c" or directly. Nothing of a message becomes part of a command
// line, except the item in mode args, which is one argument: the shell gets it behind the script, as the value of "$1",
// and never parses it. The environment of the command is that of the worker without the variables that the programs
// themselves read, because these may hold credentials, and with those of env.go.
//
// # Failures
//
// Each of these is a failed attempt at one item, and its error names the item, the reason and the end of standard error:
// the command cannot be started; it ends with another status than 0, or before it has answered; it takes too long; its
// answer is too long, or not of the format; it gives more answers than it has items. Status [StatusNever] means that no
// attempt here can succeed, and [StatusElsewhere] that another worker may. After a failed item the worker calls Run for
// the items behind it.
//
// In mode lines a command that ends early leaves several items without an answer, and its buffer may have held answers.
// So the first of these items runs alone before it is blamed, and the others of the task one by one after it: see
// lines.go.
//
// # Processes
//
// Each command has a process group. When the command ends, the rest of its group is killed. An interruption or a time-out
// sends SIGTERM to the group, and SIGKILL after [killAfter]; Run does not wait for that, [Kind.Close] does. If the
// worker is killed, a small shell process kills the groups (guard_unix.go); on Linux the command itself dies with the
// worker in any case. What has left its group is not found. On Windows only the process itself is killed, and a
// command whose worker was killed ends when it next reads or writes, or by itself.
//
//	goroutine   how many                     ends when
//	Run         1 of a slot                  it returns; it alone reads the output, and ticks
//	waiter      1 of a process               the process has ended, and what it wrote to standard error is read
//	tail        1 of a process               standard error is closed, or tailGrace after the end
//	feeder      1 of a process, mode lines   the input is written, or the process has ended
//	killer      1 of a process that is stopped  the process has ended
//	spawner     1 of the program, on Linux   never: see spawn_linux.go
package execkind
