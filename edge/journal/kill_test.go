package journal

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// writerEnv makes the test binary the process that is killed: it holds the directory to write to.
const (
	writerEnv = "CURB_JOURNAL_WRITER"
	roundsEnv = "CURB_CRASH_ROUNDS"
)

// TestMain lets the binary be its own victim.
func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		writeUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

func killOptions(dir string) Options {
	return Options{Dir: dir, SegmentBytes: 64 << 10, SnapshotEvery: 500, Settle: 20 * time.Millisecond, Retain: time.Nanosecond}
}

// writeUntilKilled appends from several goroutines and says each record that was acknowledged.
func writeUntilKilled(dir string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	l, err := Open(killOptions(dir))
	if err != nil {
		fail(err)
	}
	state := newLedger(1)
	if err := l.Restore(state); err != nil {
		fail(err)
	}
	highest := uint64(0)
	for _, n := range state.numbers() {
		highest = max(highest, n)
	}
	fmt.Println("ready")
	const writers = 8
	var all sync.WaitGroup
	for g := range uint64(writers) {
		all.Go(func() {
			for n := highest + 1 + g; ; n += writers {
				r := record(n, 20+int(n%100))
				if err := l.Append(context.Background(), 1, r); err != nil {
					fail(err)
				}
				// One write of a few bytes: the parent reads whole lines.
				os.Stdout.WriteString(strconv.FormatUint(n, 10) + "\n")
				if err := state.Apply(1, r); err != nil {
					fail(err)
				}
			}
		})
	}
	all.Wait()
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	if n, err := strconv.Atoi(os.Getenv(roundsEnv)); err == nil {
		rounds = n
	}
	dir := t.TempDir()
	acknowledged := map[uint64]bool{}
	var snapshots, cut uint64
	for round := range rounds {
		for _, n := range killedRound(t, dir, time.Duration(10+rand.IntN(80))*time.Millisecond) {
			if acknowledged[n] {
				t.Fatalf("round %d: %d was acknowledged twice: the one before was forgotten", round, n)
			}
			acknowledged[n] = true
		}
		state := newLedger(1)
		l := open(t, killOptions(dir), state)
		times := map[uint64]int{}
		for _, n := range state.numbers() {
			times[n]++
		}
		for n := range acknowledged {
			if times[n] != 1 {
				t.Fatalf("round %d: record %d was acknowledged and is there %d times", round, n, times[n])
			}
		}
		if extra := len(times) - len(acknowledged); extra > 8*(round+1) {
			t.Fatalf("round %d: %d records are there that nobody was told of", round, extra)
		}
		closeLog(t, l)
		cut += l.Stats().CutBytes
		snapshots += uint64(len(l.keeper.snapshots))
	}
	t.Logf("%d rounds, %d records acknowledged, %d bytes of torn writes", rounds, len(acknowledged), cut)
	if len(acknowledged) < rounds*10 || snapshots == 0 {
		t.Errorf("%d records and %d snapshots in %d rounds show little", len(acknowledged), snapshots, rounds)
	}
}

// killedRound lets a child write for a while, kills it, and gives what it said was acknowledged.
func killedRound(t *testing.T, dir string, after time.Duration) []uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), writerEnv+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the child says %q", lines.Text())
	}
	timer := time.AfterFunc(after, func() { _ = child.Process.Kill() })
	defer timer.Stop()
	var said []uint64
	for lines.Scan() {
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		said = append(said, n)
	}
	return said
}
