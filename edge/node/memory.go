package node

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"curb/edge/server/transport"
)

// tuneMemory lets the heap grow further between collections, under a limit. An environment that sets GOGC or GOMEMLIMIT
// itself is left alone.
func tuneMemory(limit int64) {
	if limit == 0 {
		limit = groupLimit() / 100 * transport.MemoryLimitPercent
	}
	if limit <= 0 {
		return // without a limit a larger heap target could take the whole machine
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(transport.GCPercent)
	}
}

// groupLimit is the memory limit of this process's control group (version 2, then 1), else the machine's memory, in
// bytes; 0 if neither can be read.
func groupLimit() int64 {
	machine := machineMemory()
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && (machine == 0 || n < machine) {
			return n
		}
	}
	return machine
}

func machineMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
