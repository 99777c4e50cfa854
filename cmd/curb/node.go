package main

import (
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
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// nodeDefault is the operator's door of a node on this machine.
const nodeDefault = "http://127.0.0.1:7077"

// answerBytesMax bounds what is read of a node's answer.
const answerBytesMax = 16 << 20

func newNodeCommand() *cobra.Command {
	var at, output string
	cmd := &cobra.Command{
		Use:     "node",
		Short:   "Look at a running node, or end it gracefully",
		Example: "  curb node status\n  curb node status -o json --node http://127.0.0.1:7077\n  curb node drain",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&at, "node", "", "the node's door: http://IP:PORT or unix:/path (default $CURB_NODE, else "+nodeDefault+")")
	cmd.PersistentFlags().StringVarP(&output, "output", "o", "table", "table or json")
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "Show how a node is", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return nodeStatus(cmd.Context(), at, output, cmd.OutOrStdout())
		}},
		&cobra.Command{Use: "drain", Short: "End a node without failing a request", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := askNode(cmd.Context(), at, http.MethodPost, "/v1/node/drain"); err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), "draining · watch it with: curb node status")
			return nil
		}},
	)
	return cmd
}

// nodeStatus prints the status of a node; exit 1 if it is not ready.
func nodeStatus(ctx context.Context, at, output string, w io.Writer) error {
	body, err := askNode(ctx, at, http.MethodGet, "/v1/node")
	if err != nil {
		return err
	}
	switch output {
	case "json":
		_, err = w.Write(body)
		return err
	case "table":
	default:
		return fail(exitUsage, "unknown output %q: use table or json", output)
	}
	var s struct {
		Name, Version, Rules string
		AdCalls              []string `json:"ad_calls"`
		Ready                bool
		Missing              []string
		Bidders              []struct {
			Name                           string
			Ready                          bool
			Requests, Bids, Timeouts, Late uint64
			Connections                    int
			Breaker                        string
			SendPercent                    int `json:"send_percent"`
		}
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return fail(exitFailed, "read the node's answer: %w", err)
	}
	state := "ready"
	if !s.Ready {
		state = "not ready: " + strings.Join(s.Missing, "; ")
	}
	fmt.Fprintf(w, "node %s · curb %s · rules %s · ad calls %s · %s\n\n", s.Name, s.Version, s.Rules, strings.Join(s.AdCalls, " "), state)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "BIDDER\tREADY\tREQUESTS\tBIDS\tTIMEOUTS\tLATE\tCONNECTIONS\tBREAKER\tSEND")
	for _, b := range s.Bidders {
		fmt.Fprintf(t, "%s\t%v\t%d\t%d\t%d\t%d\t%d\t%s\t%d %%\n", b.Name, b.Ready, b.Requests, b.Bids, b.Timeouts, b.Late, b.Connections, b.Breaker, b.SendPercent)
	}
	return t.Flush()
}

// askNode sends one request to a node's door. What the node refuses ends with 1, a door that does not open with 5.
func askNode(ctx context.Context, at, method, path string) ([]byte, error) {
	if at == "" {
		at = os.Getenv("CURB_NODE")
	}
	if at == "" {
		at = nodeDefault
	}
	client := &http.Client{Timeout: 10 * time.Second}
	base := strings.TrimSuffix(at, "/")
	if socket, ok := strings.CutPrefix(at, "unix:"); ok {
		base = "http://unix"
		client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}
	} else if u, err := url.Parse(at); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fail(exitUsage, "%q is no node: write http://IP:PORT or unix:/path", at)
	}
	request, err := http.NewRequestWithContext(ctx, method, base+path, nil)
	if err != nil {
		return nil, fail(exitUsage, "%q is no node: %w", at, err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fail(exitUnreachable, "no node answers at %s: %w: is it running? name another with --node", at, errors.Unwrap(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if err != nil {
		return nil, fail(exitUnreachable, "read the node's answer: %w", err)
	}
	if response.StatusCode >= 400 {
		return nil, fail(exitFailed, "the node refuses: %s", strings.TrimSpace(string(body)))
	}
	return body, nil
}
