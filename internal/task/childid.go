package task

import "strings"

// IsChildID reports whether id has the form of ChildID. It does not say that there is such a part: a job may have an
// id of this form, too.
func IsChildID(id string) bool {
	const length = 1 + 12
	return len(id) == length && id[0] == 'c' && strings.Trim(id[1:], idAlphabet) == ""
}
