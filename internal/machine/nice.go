package machine

import "fmt"

// MaxNice is the niceness of a process that runs only while no other wants the processor.
const MaxNice = 19

// SetNice sets the niceness of this process, those of its threads that it creates later included, and of the children that
// it starts: 0 <= n <= MaxNice. To set a lower one than the process has, it needs a privilege.
func SetNice(n int) error {
	if err := setNice(n); err != nil {
		return fmt.Errorf("set the niceness of this process: %w", err)
	}
	return nil
}
