package server

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestEndpointsAreListed holds ENDPOINTS.md to the code: every parameter, every error code with its status, every path,
// and nothing that is not there.
func TestEndpointsAreListed(t *testing.T) {
	text := fileText(t, "ENDPOINTS.md")
	parts := strings.Split(text, "\n## ")
	if len(parts) != 5 {
		t.Fatalf("ENDPOINTS.md has %d parts, want endpoints, parameters, preemptive tags, OpenRTB and codes", len(parts))
	}
	for _, match := range regexp.MustCompile(`case "(/[^"]+)":`).FindAllStringSubmatch(fileText(t, "route.go"), -1) {
		if !strings.Contains(parts[0], "| `"+match[1]+"` |") {
			t.Errorf("ENDPOINTS.md does not list %s", match[1])
		}
	}
	checkRows(t, "parameter", rows(parts[1], "`([a-z0-9_]+)`", "[^|]+"), parameterNames())
	codes := errorCodes(t, "problem.go")
	for code, status := range errorCodes(t, "transport/refusal.go") {
		if other, ok := codes[code]; ok && other != status {
			t.Errorf("%s has status %s here and %s in transport", code, other, status)
		}
		codes[code] = status
	}
	codes[codeInternal], codes[codeRefused], codes[codeUnbillable] = "200", "200", "200"
	checkRows(t, "code", rows(parts[4], "`([a-z_]+)`", "([0-9]{3})"), codes)
	if !strings.Contains(text, "A deal's ask beats every floor") {
		t.Error("ENDPOINTS.md does not say what a deal's ask beats")
	}
}

func fileText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// rows reads the tables of a text: first column to second, where that is a group, else to "".
func rows(text, first, second string) map[string][]string {
	out := map[string][]string{}
	for _, match := range regexp.MustCompile(`(?m)^\| `+first+` \| `+second+` \|`).FindAllStringSubmatch(text, -1) {
		value := ""
		if len(match) > 2 {
			value = match[2]
		}
		out[match[1]] = append(out[match[1]], value)
	}
	return out
}

func parameterNames() map[string]string {
	out := map[string]string{}
	for name := range fields {
		out[name] = ""
	}
	return out
}

// statusNumbers are the statuses that errors have.
var statusNumbers = map[string]string{
	"OK": "200", "BadRequest": "400", "Forbidden": "403", "NotFound": "404", "MethodNotAllowed": "405", "RequestTimeout": "408", "Gone": "410", "RequestEntityTooLarge": "413",
	"RequestURITooLong": "414", "UnsupportedMediaType": "415", "ExpectationFailed": "417", "MisdirectedRequest": "421",
	"TooManyRequests": "429", "RequestHeaderFieldsTooLarge": "431",
}

// errorCodes reads the table of errors in a source file.
func errorCodes(t *testing.T, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, match := range regexp.MustCompile(`\{http\.Status(\w+), "(\w+)", `).FindAllStringSubmatch(fileText(t, name), -1) {
		number, ok := statusNumbers[match[1]]
		if !ok {
			t.Errorf("%s: %s has the status %s, which this test does not know", name, match[2], match[1])
		}
		out[match[2]] = number
	}
	if len(out) < 12 {
		t.Errorf("%s has %d errors, which cannot be all", name, len(out))
	}
	return out
}

func checkRows(t *testing.T, kind string, listed map[string][]string, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := listed[name]; len(got) != 1 || got[0] != value {
			t.Errorf("ENDPOINTS.md lists the %s %s as %q, want once %q", kind, name, got, value)
		}
	}
	for name := range listed {
		if _, ok := want[name]; !ok {
			t.Errorf("ENDPOINTS.md lists the %s %s, which there is not", kind, name)
		}
	}
}
