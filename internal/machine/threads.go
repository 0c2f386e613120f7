package machine

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// maxChildren bounds the processes whose threads are counted.
const maxChildren = 4096

// ownThreads returns how many threads of a process and its descendants run or want to, or wait for a disk, without the
// thread that reads this: what the kernel counts as their load.
func ownThreads(root fs.FS, self int) int {
	count := 0
	seen := map[int]bool{self: true}
	for queue := []int{self}; len(queue) > 0; queue = queue[1:] {
		dir := fmt.Sprintf("proc/%d/task", queue[0])
		threads, _ := fs.ReadDir(root, dir)
		for _, t := range threads {
			stat, _ := fs.ReadFile(root, dir+"/"+t.Name()+"/stat")
			if counts(string(stat)) {
				count++
			}
			children, _ := fs.ReadFile(root, dir+"/"+t.Name()+"/children")
			for field := range strings.FieldsSeq(string(children)) {
				if id, err := strconv.Atoi(field); err == nil && !seen[id] && len(seen) < maxChildren {
					seen[id] = true
					queue = append(queue, id)
				}
			}
		}
	}
	return max(0, count-1)
}

// counts reports whether the state in a stat file is one of those that the kernel counts as load: running, or waiting for a
// disk. The state follows the name in parentheses, which may contain any character.
func counts(stat string) bool {
	at := strings.LastIndexByte(stat, ')')
	if at < 0 || len(stat) < at+3 {
		return false
	}
	state := stat[at+2]
	return state == 'R' || state == 'D'
}
