package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// nodeDefault is the operator's door of a node on this machine.
const nodeDefault = "http://127.0.0.1:7077"

// answerBytesMax bounds what is read of a node's answer.
const answerBytesMax = 16 << 20

// doorTimeout bounds a whole request to a node.
const doorTimeout = 10 * time.Second

// addNodeFlag lets a command and those below it find the node.
func addNodeFlag(cmd *cobra.Command, at *string) {
	cmd.PersistentFlags().StringVar(at, "node", "", "the node's door: http://IP:PORT or unix:/path (default $CURB_NODE, else "+nodeDefault+")")
}

// question is one request to a node's door.
type question struct {
	method, path string
	body         []byte // JSON; nil: none
	match        string // If-Match; "": none
}

// answer is what the door said to a question it did not refuse.
type answer struct {
	status int
	etag   string
	body   []byte
}

// askDoor asks a node's door. What the node refuses ends with 1, what it does not have with 4, a door that does not open
// with 5.
func askDoor(ctx context.Context, at string, q question) (*answer, error) {
	at = doorName(at)
	client, base, err := door(at)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	if ctx == nil {
		ctx = context.Background()
	}
	request, err := http.NewRequestWithContext(ctx, q.method, base+q.path, bytes.NewReader(q.body))
	if err != nil {
		return nil, fail(exitUsage, "%w", err)
	}
	request.Header.Set("User-Agent", "curb/"+version()) // the node's log says who wrote
	if q.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if q.match != "" {
		request.Header.Set("If-Match", q.match)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fail(exitUnreachable, "no node answers at %s: %w: is it running? name another with --node", at, errors.Unwrap(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax+1))
	if err != nil {
		return nil, fail(exitUnreachable, "read the node's answer: %w", err)
	}
	switch {
	case len(body) > answerBytesMax:
		return nil, fail(exitFailed, "the node's answer is longer than %d MiB", answerBytesMax>>20)
	case response.StatusCode == http.StatusNotFound:
		return nil, fail(exitNotFound, "%s", refusalText(body))
	case response.StatusCode >= http.StatusBadRequest:
		return nil, fail(exitFailed, "the node refuses: %s", refusalText(body))
	}
	return &answer{response.StatusCode, response.Header.Get("ETag"), body}, nil
}

// doorName is the door that a command means.
func doorName(at string) string {
	return cmp.Or(at, os.Getenv("CURB_NODE"), nodeDefault)
}

// door is a client for a node's door, and what its URLs begin with.
func door(at string) (client *http.Client, base string, err error) {
	client = &http.Client{Timeout: doorTimeout, Transport: &http.Transport{}}
	if socket, ok := strings.CutPrefix(at, "unix:"); ok {
		client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}
		return client, "http://unix", nil
	}
	if u, err := url.Parse(at); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, "", fail(exitUsage, "%q is no node: write http://IP:PORT or unix:/path", at)
	}
	return client, strings.TrimSuffix(at, "/"), nil
}

// refusalText is what a refusal says to people: cause and remedy, and a line for each field that is wrong.
func refusalText(body []byte) string {
	var p struct {
		Detail, Remedy string
		Errors         []struct{ Field, Detail, Remedy string }
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Detail == "" {
		return strings.TrimSpace(string(body))
	}
	text := p.Detail
	if p.Remedy != "" && len(p.Errors) == 0 {
		text += ": " + p.Remedy
	}
	for _, e := range p.Errors {
		text += fmt.Sprintf("\n%s: %s: %s", e.Field, e.Detail, e.Remedy)
	}
	return text
}

// ask asks a door and reads the JSON of its answer into value.
func ask(ctx context.Context, at string, q question, value any) (*answer, error) {
	a, err := askDoor(ctx, at, q)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(a.body, value); err != nil {
		return nil, fail(exitFailed, "read the node's answer: %w: node and curb should be of one version", err)
	}
	return a, nil
}
