package machine

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

// The files of a container of version 1 without a namespace of its own: its group is mounted as the root.
const (
	containerCgroup = "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n"
	containerMounts = "612 600 0:33 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:11 - cgroup cgroup rw,cpu,cpuacct\n"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	none := math.Inf(1)
	for name, test := range map[string]struct {
		files map[string]string
		want  float64
	}{
		"nothing is known":    {nil, none},
		"version 2":           {map[string]string{"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5},
		"version 2, no limit": {map[string]string{"sys/fs/cgroup/cpu.max": "max 100000\n"}, none},
		"version 2, the group above": {map[string]string{
			"proc/self/cgroup": "0::/a.slice/b.service\n", "sys/fs/cgroup/a.slice/b.service/cpu.max": "400000 100000\n",
			"sys/fs/cgroup/a.slice/cpu.max": "200000 100000\n",
		}, 2},
		"version 2, mounted elsewhere": {map[string]string{
			"proc/self/cgroup": "0::/x/y\n", "proc/self/mountinfo": "1 2 0:1 /x /sys/fs/my\\040groups rw - cgroup2 cgroup rw\n",
			"sys/fs/my groups/y/cpu.max": "50000 100000\n", "sys/fs/cgroup/cpu.max": "10000 100000\n",
		}, 0.5},
		"version 2, outside of the mount": {map[string]string{
			"proc/self/cgroup": "0::/../z\n", "sys/fs/cgroup/cpu.max": "70000 100000\n", "sys/fs/z/cpu.max": "10000 100000\n",
		}, 0.7},
		"version 1, a container": {map[string]string{
			"proc/self/cgroup": containerCgroup, "proc/self/mountinfo": containerMounts,
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "250000\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
		}, 2.5},
		"version 1, no limit": {map[string]string{
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, none},
		"version 1, no period": {map[string]string{"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "1000\n"}, none},
		"nonsense":             {map[string]string{"sys/fs/cgroup/cpu.max": "0 0\n", "proc/self/cgroup": "::\n0\n\n", "proc/self/mountinfo": "- -\n"}, none},
	} {
		if got := quota(fake(test.files)); got != test.want {
			t.Errorf("%s: %v cores, want %v", name, got, test.want)
		}
	}
}

// TestCores: a quota is rounded up, and leaves one core at least. The Go runtime would take two.
func TestCores(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	before := runtime.GOMAXPROCS(8)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for text, want := range map[string]int{
		"max 100000": 8, "10000 100000": 1, "100000 100000": 1, "150000 100000": 2, "800000 100000": 8, "900000 100000": 8,
	} {
		if got := Cores(fake(map[string]string{"sys/fs/cgroup/cpu.max": text})); got != want {
			t.Errorf("%s: %d cores, want %d", text, got, want)
		}
	}
	t.Setenv("GOMAXPROCS", "8")
	if got := Cores(fake(map[string]string{"sys/fs/cgroup/cpu.max": "100000 100000"})); got != 8 {
		t.Errorf("%d cores, but the user has asked for 8", got)
	}
}

func TestKeepFree(t *testing.T) {
	t.Setenv("GOMAXPROCS", "4") // a quota of this machine must not count
	before := runtime.GOMAXPROCS(4)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	if err := KeepFree(4); err == nil || runtime.GOMAXPROCS(0) != 4 {
		t.Errorf("all cores: %v", err)
	}
	if err := KeepFree(3); err != nil || Cores(Root()) != 1 {
		t.Errorf("3 of 4: %v, %d cores", err, Cores(Root()))
	}
	if err := KeepFree(0); err != nil || Cores(Root()) != 1 {
		t.Errorf("none: %v, %d cores", err, Cores(Root()))
	}
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"/a": "/a", `/a\040b\134c`: `/a b\c`, `\`: `\`, `a\9`: `a\9`, `\xyz`: `\xyz`, `\777`: `\777`} {
		if got := unescape(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestParseCPUs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"0": "0", "0-3,7": "0-3,7", "7,0-3": "0-3,7", "1,2,2,3": "1-3", "5-5": "5", "0-1,1-2,1023": "0-2,1023"} {
		list, err := ParseCPUs(text)
		if err != nil || FormatCPUs(list) != want || !slices.IsSorted(list) {
			t.Errorf("%q: %v, %v", text, list, err)
		}
	}
	for _, text := range []string{"", ",", "0,", "-1", "3-1", "1024", "0-9999999999", "a", "+1", "1-", "0-1-2", "0 1", "0x1"} {
		if list, err := ParseCPUs(text); err == nil {
			t.Errorf("%q: %v", text, list)
		}
	}
}
