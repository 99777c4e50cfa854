package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit codes of every command.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitFindings    = 3
	exitNotFound    = 4
	exitUnreachable = 5
)

// exitError is an error that knows how the program must end. An empty err ends it without a message: everything was
// said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// fail wraps an error with the code that the program ends with.
func fail(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// run is main with its surroundings passed in, so that tests can call it.
func run(args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(stderr, "curb: "+text)
	}
	if known := (*exitError)(nil); errors.As(err, &known) {
		return known.code
	}
	return exitUsage // what cobra finds by itself is a wrong flag or argument
}

// noArgs refuses arguments of a command that has no commands below it: cobra would call them unknown commands.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fail(exitUsage, "%s takes no arguments: %q is one too many", cmd.CommandPath(), args[0])
	}
	return nil
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "curb",
		Short: "An ad exchange that runs at the edge",
		Example: "  curb serve --demo\n  curb serve -c curb.yaml --data /var/lib/curb\n" +
			"  curb rules check rules/\n  curb auction run cases.json\n" +
			"  curb creative ls\n  curb publisher tag article\n  curb bills",
		SilenceUsage: true, SilenceErrors: true,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.Version = versionText()
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(newServeCommand(), newNodeCommand(), newRulesCommand(), newAuctionCommand(),
		newCreativeCommand(), newPublisherCommand(), newBillsCommand(), newVersionCommand())
	return root
}
