package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newNodeCommand() *cobra.Command {
	var at, output string
	cmd := &cobra.Command{
		Use:     "node",
		Short:   "Look at a running node, or end it gracefully",
		Example: "  curb node status\n  curb node status -o json --node http://127.0.0.1:7077\n  curb node drain",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	addNodeFlag(cmd, &at)
	addOutputFlag(cmd, &output)
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "Show how a node is", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return nodeStatus(cmd.Context(), at, output, cmd.OutOrStdout())
		}},
		&cobra.Command{Use: "drain", Short: "End a node without failing a request", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := askDoor(cmd.Context(), at, question{method: http.MethodPost, path: "/v1/node/drain"}); err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), "draining · watch it with: curb node status")
			return nil
		}},
	)
	return cmd
}

// nodeStatus prints the status of a node, whether it is ready or not.
func nodeStatus(ctx context.Context, at, output string, w io.Writer) error {
	if err := checkOutput(output); err != nil {
		return err
	}
	a, err := askDoor(ctx, at, question{method: http.MethodGet, path: "/v1/node"})
	if err != nil {
		return err
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
	if err := json.Unmarshal(a.body, &s); err != nil {
		return fail(exitFailed, "read the node's answer: %w", err)
	}
	switch output {
	case "json":
		_, err = w.Write(a.body)
		return err
	case "jsonl":
		return writeJSON(w, json.RawMessage(a.body), "")
	case "yaml":
		return writeYAML(w, json.RawMessage(a.body))
	case "name":
		_, err = fmt.Fprintln(w, s.Name)
		return err
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
