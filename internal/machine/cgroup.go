package machine

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A hierarchy is one hierarchy of control groups: the only one of version 2, or that of one controller of version 1.
type hierarchy struct {
	controller string // "" for version 2
	files      fs.FS
}

// groups returns the directories of the control groups of this process below the root, its own group first, then the
// groups above it as far as they are mounted. It is empty if the machine has no such hierarchy.
//
// /proc/self/cgroup has the path of the group within the hierarchy. A container sees only a part of the hierarchy: the
// mount says which part and where. Without a mount in /proc/self/mountinfo, the usual place is assumed.
func (h hierarchy) groups() (list []string) {
	place := h.mount()
	group, ok := h.path()
	rest := ""
	if ok {
		rest, ok = below(group, place.root)
	}
	if !ok { // outside of what is mounted: the mount is all that is known
		rest = ""
	}
	for ; rest != "" && rest != "."; rest = path.Dir(rest) {
		list = append(list, path.Join(place.dir, rest))
	}
	return append(list, place.dir)
}

// path returns the path of the group of this process: "0::<path>" for version 2, "<id>:<controllers>:<path>" for version 1.
func (h hierarchy) path() (group string, ok bool) {
	text, _ := fs.ReadFile(h.files, "proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		field := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(field) < 3 {
			continue
		}
		if h.controller == "" && field[0] == "0" && field[1] == "" ||
			h.controller != "" && slices.Contains(strings.Split(field[1], ","), h.controller) {
			return field[2], true
		}
	}
	return "", false
}

// below returns the part of group under the directory root, "" if they are the same. ok is false if group is elsewhere.
func below(group, root string) (rest string, ok bool) {
	if !path.IsAbs(group) || slices.Contains(strings.Split(group, "/"), "..") {
		return "", false
	}
	group, root = path.Clean(group), path.Clean(root)
	if root != "/" {
		if group, ok = strings.CutPrefix(group, root); !ok || group != "" && group[0] != '/' {
			return "", false
		}
	}
	return strings.TrimPrefix(group, "/"), true
}

// A mountPlace says which part of a hierarchy is mounted where. dir has no slash at its start, as in an fs.FS.
type mountPlace struct{ root, dir string }

// mount returns where the hierarchy is mounted. A line of /proc/self/mountinfo is
//
//	<id> <parent> <device> <root> <mount point> <options> [<optional>...] - <type> <source> <options of the hierarchy>
func (h hierarchy) mount() mountPlace {
	text, _ := fs.ReadFile(h.files, "proc/self/mountinfo")
	for line := range strings.Lines(string(text)) {
		left, right, _ := strings.Cut(line, " - ")
		from, about := strings.Fields(left), strings.Fields(right)
		if len(from) < 6 || len(about) < 3 {
			continue
		}
		if h.controller == "" && about[0] == "cgroup2" ||
			h.controller != "" && about[0] == "cgroup" && slices.Contains(strings.Split(about[2], ","), h.controller) {
			return mountPlace{unescape(from[3]), strings.TrimPrefix(path.Clean(unescape(from[4])), "/")}
		}
	}
	return mountPlace{"/", path.Join("sys/fs/cgroup", h.controller)}
}

// unescape replaces the escapes of mountinfo, such as \040 for a space.
func unescape(s string) string {
	head, tail, escaped := strings.Cut(s, `\`)
	if !escaped || len(tail) < 3 {
		return s
	}
	c, err := strconv.ParseUint(tail[:3], 8, 8)
	if err != nil {
		return head + `\` + unescape(tail)
	}
	return head + string([]byte{byte(c)}) + unescape(tail[3:])
}

// eachGroup calls read with the content of the file of that name in each control group of the hierarchy that has it.
func (h hierarchy) eachGroup(name string, read func(dir, text string)) {
	for _, dir := range h.groups() {
		if b, err := fs.ReadFile(h.files, path.Join(dir, name)); err == nil {
			read(dir, strings.TrimSpace(string(b)))
		}
	}
}
