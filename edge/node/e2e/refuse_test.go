package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"curb/edge/adtest"
)

// serve runs a node that should not start, on a configuration file, and gives its exit code and what it said.
func serve(t *testing.T, dir, config string) (int, string) {
	t.Helper()
	adtest.WriteFiles(t, dir, map[string]string{"curb.yaml": config})
	p := adtest.Start(t, "curb", programs.Curb, "serve", "-c", filepath.Join(dir, "curb.yaml"), "--data", filepath.Join(dir, "data"))
	return p.Exit(t), p.Output()
}

const usageCode = 2

// TestBadRulesRefuseToStart names everything that is wrong with a rule set, each with its place, and exits 2.
func TestBadRulesRefuseToStart(t *testing.T) {
	dir := t.TempDir()
	ports := adtest.Ports(t, 2)
	adtest.WriteFiles(t, filepath.Join(dir, "rules"), map[string]string{
		"demand.yaml": "apiVersion: curb/v1\nkind: Member\nmetadata: {name: a}\nspec: {id: 1, resselling_priority: 6}\n",
		"supply.yaml": "apiVersion: curb/v1\nkind: Publisher\nmetadata: {name: p}\nspec: {id: 1, member: aa}\n",
	})
	config := fmt.Sprintf("listen: 127.0.0.1:%d\nadmin: 127.0.0.1:%d\nrules: %s\n", ports[0], ports[1], filepath.Join(dir, "rules"))
	code, said := serve(t, dir, config)
	if code != usageCode {
		t.Errorf("exit code %d, want %d", code, usageCode)
	}
	for _, want := range []string{`demand\.yaml:4:\d+: .*resselling_priority`, `reselling_priority`, `supply\.yaml:4:\d+: .*aa`} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("nothing said matches %q:\n%s", want, said)
		}
	}
}

// TestBadConfigurationRefusesToStart does the same for the node's own settings.
func TestBadConfigurationRefusesToStart(t *testing.T) {
	cases := map[string]struct{ config, want string }{
		"unknown setting": {"listn: 127.0.0.1:1\n", `curb\.yaml:1:1: .*listn`},
		"bad value":       {"node: story\ndrain: soon\n", `curb\.yaml:2:\d+: .*drain|drain.*`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, said := serve(t, t.TempDir(), c.config)
			if code != usageCode || !regexp.MustCompile(c.want).MatchString(said) {
				t.Errorf("exit code %d, want %d, and a line that matches %q:\n%s", code, usageCode, c.want, said)
			}
		})
	}
	if code, said := run(t, programs.Curb, "serve", "-c", filepath.Join(t.TempDir(), "missing.yaml")); code != usageCode || !strings.Contains(said, "missing.yaml") {
		t.Errorf("a missing file: exit code %d, want %d:\n%s", code, usageCode, said)
	}
}

// TestAPortInUse is said as such, and is a failure, not a fault of the command line.
func TestAPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ports := adtest.Ports(t, 1)
	rules, err := filepath.Abs("../../../rules/samples/demo")
	if err != nil {
		t.Fatal(err)
	}
	code, said := serve(t, t.TempDir(), fmt.Sprintf("listen: %s\nadmin: 127.0.0.1:%d\nlab: true\nrules: %s\n", taken.Addr(), ports[0], rules))
	if code != 1 || !strings.Contains(said, taken.Addr().String()) {
		t.Errorf("exit code %d, want 1, and the address %s:\n%s", code, taken.Addr(), said)
	}
}

// run runs a command to its end.
func run(t *testing.T, program string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("run %s: %v", program, err)
	}
	return cmd.ProcessState.ExitCode(), string(said)
}
