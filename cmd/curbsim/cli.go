package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 5
)

// exitError is an error with the exit code it leads to. A nil cause: everything was said already.
type exitError struct {
	code  int
	cause error
}

func (e *exitError) Error() string {
	if e.cause == nil {
		return ""
	}
	return e.cause.Error()
}

func (e *exitError) Unwrap() error { return e.cause }

// usage marks an error as the caller's.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// console is where a command talks: data to out, talk to err.
type console struct {
	out, err io.Writer
}

// say writes talk.
func (c console) say(format string, args ...any) { fmt.Fprintf(c.err, format, args...) }

// document writes a JSON document to out.
func (c console) document(value any) error {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	_, err = c.out.Write(append(body, '\n'))
	return err
}

// shared is what every command sees of the root's flags.
type shared struct {
	console
	output string // table or json
}

// run is the program: it gives the exit code.
func run(ctx context.Context, args []string, con console) int {
	root := newRoot(con)
	root.SetArgs(longFlags(root, args))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	code := exitFailed
	if coded, ok := errors.AsType[*exitError](err); ok {
		code = coded.code
	}
	if text := err.Error(); text != "" {
		con.say("curbsim: %s\n", text)
		if code == exitUsage {
			con.say("see curbsim --help\n")
		}
	}
	return code
}

func newRoot(con console) *cobra.Command {
	s := &shared{console: con}
	root := &cobra.Command{
		Use:   "curbsim",
		Short: "The market around a node: bidders, data provider, ad server, publisher pages, load",
		Example: `  curbsim up                                  all parties on the demo's ports
  curbsim bidder --price 1.20 --latency 30ms  one bidder on 127.0.0.1:9701
  curbsim load --proto h3 --duration 10s      ad calls over HTTP/3`,
		SilenceUsage: true, SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q; commands are up, bidder, provider, adserver, pages, load", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if s.output != "table" && s.output != "json" {
				return usage("--output: unknown %q; one of table, json", s.output)
			}
			return nil
		},
	}
	root.SetOut(con.out)
	root.SetErr(con.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage("%s: %w", cmd.Name(), err) })
	root.PersistentFlags().StringVarP(&s.output, "output", "o", "table", "how results are printed: table, json")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(upCommand(s), bidderCommand(s), providerCommand(s), adServerCommand(s), pagesCommand(s), loadCommand(s))
	return root
}

// none refuses arguments.
func none(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes flags only; %q is neither a flag nor its value", cmd.Name(), args[0])
	}
	return nil
}

// longFlags lets long flags be written with one dash too, as in "-proto h3": documents and fingers of Go users do. Words
// after "--" and one-letter flags stay as they are.
func longFlags(root *cobra.Command, args []string) []string {
	known := func(name string) bool {
		if root.PersistentFlags().Lookup(name) != nil {
			return true
		}
		for _, cmd := range root.Commands() {
			if cmd.Flags().Lookup(name) != nil {
				return true
			}
		}
		return false
	}
	out := make([]string, len(args))
	copy(out, args)
	for i, arg := range out {
		if arg == "--" {
			break
		}
		if len(arg) < 3 || arg[0] != '-' || arg[1] == '-' {
			continue
		}
		name, _, _ := strings.Cut(arg[1:], "=")
		if known(name) {
			out[i] = "-" + arg
		}
	}
	return out
}

// writeFile writes a small file that others may read.
func writeFile(path string, body []byte) error {
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
