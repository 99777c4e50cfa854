package adtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// outputMax bounds what is kept of a process's output; the end is what explains a failure.
const outputMax = 64 << 10

// endWait is how long a process may take to end once asked; a node drains for up to ten seconds.
const endWait = 15 * time.Second

// Process is a running program.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output output
	ended  chan struct{} // closed when the process has ended and err is set
	err    error
}

// Start runs a program until it ends by itself, is stopped, or the test ends. The test's log shows its output when the
// test fails.
func Start(t testing.TB, name, program string, args ...string) *Process {
	t.Helper()
	p := &Process{name: name, cmd: exec.Command(program, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = dieWithParent()
	p.cmd.WaitDelay = 2 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Stop(t)
		if t.Failed() {
			t.Logf("%s %s said:\n%s", name, strings.Join(args, " "), p.Output())
		}
	})
	return p
}

// Output is the end of what the process has written so far, standard output and error together.
func (p *Process) Output() string { return p.output.String() }

// Signal sends a signal; a process that has ended takes none.
func (p *Process) Signal(t testing.TB, signal os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal %s: %v", p.name, err)
	}
}

// Stop asks the process to end, waits for it, and kills it when it does not.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(endWait):
		t.Errorf("%s did not end within %v of SIGTERM", p.name, endWait)
		p.Signal(t, syscall.SIGKILL)
		<-p.ended
	}
}

// Exit waits for the process to end by itself and gives its exit code.
func (p *Process) Exit(t testing.TB) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(endWait):
		t.Fatalf("%s did not end within %v; it said:\n%s", p.name, endWait, p.Output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Await waits until ready, and fails the test when the process ends first or ten seconds pass.
func (p *Process) Await(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for begin := time.Now(); !ready(); {
		select {
		case <-p.ended:
			t.Fatalf("%s ended (%v) before %s; it said:\n%s", p.name, p.err, what, p.Output())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("%s: no %s after ten seconds; it said:\n%s", p.name, what, p.Output())
		}
	}
}

// CPU is the user and system time that the process has used so far, all threads, in steps of 10 ms. It is read from
// /proc, so Linux only.
func (p *Process) CPU() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of %s: %w", p.name, err)
	}
	// The second field is the command in parentheses and may hold spaces; utime and stime are fields 14 and 15.
	_, rest, _ := bytes.Cut(data, []byte(") "))
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the CPU time of %s: %d fields", p.name, len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the CPU time of %s: %w", p.name, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil
}

// output keeps the end of what is written to it.
type output struct {
	mu   sync.Mutex
	data []byte
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.data = append(o.data, p...)
	if extra := len(o.data) - outputMax; extra > 0 {
		o.data = append(o.data[:0], o.data[extra:]...)
	}
	return len(p), nil
}

// String gives what is kept.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.data)
}
