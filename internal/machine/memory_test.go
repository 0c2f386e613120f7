package machine

import (
	"math"
	"testing"
	"testing/fstest"
)

// fake returns files of a kernel with those contents.
func fake(files map[string]string) fstest.MapFS {
	root := make(fstest.MapFS)
	for path, text := range files {
		root[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestMemory(t *testing.T) {
	const meminfo = "MemFree:         1 kB\nMemTotal:        8000000 kB\nMemAvailable:    2 kB\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  uint64
	}{
		"nothing is known":         {nil, math.MaxUint64},
		"a machine":                {map[string]string{"proc/meminfo": meminfo}, 8000000 << 10},
		"another unit":             {map[string]string{"proc/meminfo": "MemTotal: 8 GB\n"}, math.MaxUint64},
		"no number":                {map[string]string{"proc/meminfo": "MemTotal: -8 kB\n"}, math.MaxUint64},
		"above all memory":         {map[string]string{"proc/meminfo": "MemTotal: 18446744073709551615 kB\n"}, math.MaxUint64},
		"a container":              {map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"a container of version 1": {map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000\n"}, 1000},
		"no limit":                 {map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "max\n"}, 8000000 << 10},
		"no limit of version 1":    {map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 8000000 << 10},
		"a service": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/factor.service\n",
			"sys/fs/cgroup/system.slice/factor.service/memory.max": "2000\n", "sys/fs/cgroup/system.slice/memory.max": "max\n",
		}, 2000},
		"a slice of services": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "12:memory:/other\n0::/system.slice/factor.service\n",
			"sys/fs/cgroup/system.slice/factor.service/memory.max": "2000\n", "sys/fs/cgroup/system.slice/memory.max": "1000\n",
		}, 1000},
		"the root":                              {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n"}, 8000000 << 10},
		"a limit above which it is slowed down": {map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "2000\n", "sys/fs/cgroup/memory.high": "1500\n"}, 1500},
		"a service of version 1": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:cpu,cpuacct:/other\n3:memory:/system.slice/factor.service\n0::/\n",
			"proc/self/mountinfo": "30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			"sys/fs/cgroup/memory/system.slice/factor.service/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/memory/system.slice/memory.limit_in_bytes":                "3000\n",
			"sys/fs/cgroup/memory/other/memory.limit_in_bytes":                       "1000\n",
		}, 3000},
		"outside": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/../../other\n"}, 8000000 << 10},
	} {
		if got := Memory(fake(test.files)); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
