package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"curb/edge/config"
	"curb/edge/node"
)

// serveFlags say where things are; the file says what.
type serveFlags struct {
	file, data, rules, listen, admin string
	demo, quiet                      bool
}

func newServeCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Run a node until it is told to stop",
		Example: "  curb serve --demo\n  curb serve -c curb.yaml --data /var/lib/curb",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.config()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, f.quiet, cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.file, "config", "c", "", "settings of the node (edge/config/curb.example.yaml explains them)")
	flags.StringVar(&f.data, "data", "", "directory of bills, keys and certificates")
	flags.StringVar(&f.rules, "rules", "", "directory of the rule set")
	flags.StringVar(&f.listen, "listen", "", "IP:PORT of ad calls, TCP and UDP; several with commas")
	flags.StringVar(&f.admin, "admin", "", "loopback IP:PORT or unix:/path of the operator's door")
	flags.BoolVar(&f.demo, "demo", false, "run on sample settings and rules, in lab mode, with nothing on disk")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "say only what is wrong")
	return cmd
}

// config is the file over the defaults, and the flags over the file.
func (f *serveFlags) config() (config.Config, error) {
	c := config.Default()
	switch {
	case f.demo && f.file != "":
		return c, fail(exitUsage, "--demo runs on settings of its own: leave out either --demo or -c")
	case f.demo:
		c = config.Demo()
	case f.file == "":
		return c, fail(exitUsage, "name the settings with -c FILE, or try the node with --demo")
	default:
		text, err := os.ReadFile(f.file)
		if errors.Is(err, fs.ErrNotExist) {
			return c, fail(exitUsage, "%s does not exist: copy edge/config/curb.example.yaml there", f.file)
		}
		if err != nil {
			return c, fail(exitUsage, "read the settings: %w: -c names a file such as edge/config/curb.example.yaml", err)
		}
		var problems []string
		if c, problems = config.Parse(f.file, text); len(problems) > 0 {
			return c, fail(exitUsage, "the settings have problems\n%s", strings.Join(problems, "\n"))
		}
	}
	override(&c.Data, f.data)
	override(&c.Rules, f.rules)
	if f.listen != "" {
		addrs, problem := config.ParseListen(f.listen)
		if problem != nil {
			return c, fail(exitUsage, "--%s", problem)
		}
		c.Listen = addrs
	}
	override(&c.Admin, f.admin)
	for _, p := range c.Validate() {
		return c, fail(exitUsage, "--%s", p)
	}
	return c, nil
}

func override(field *string, flag string) {
	if flag != "" {
		*field = flag
	}
}

// serve runs a node until a signal or the operator's drain ends it. A second signal ends it at once.
func serve(ctx context.Context, c config.Config, quiet bool, stderr io.Writer) error {
	level := slog.LevelInfo
	if quiet {
		level = slog.LevelWarn
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	n, err := node.Start(node.Options{Config: c, Version: version(), Logger: logger})
	if errors.Is(err, node.ErrRules) || errors.Is(err, node.ErrSettings) {
		return fail(exitUsage, "%w", err)
	}
	if err != nil {
		return fail(exitFailed, "%w", err)
	}
	greet(n, c, stderr, quiet)
	if ctx == nil {
		ctx = context.Background()
	}
	stop, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	select {
	case <-stop.Done():
	case <-n.Draining():
	}
	release() // from here on a signal ends the program the usual way
	logger.Info("draining", "at most", c.Drain)
	until, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Drain)
	defer cancel()
	switch err := n.Drain(until); {
	case errors.Is(err, node.ErrListener):
		return fail(exitFailed, "%w", err)
	case err != nil:
		return fail(exitFindings, "stopped before every call was answered: %w", err)
	}
	logger.Info("stopped")
	return nil
}

// greet says what runs and where to go next.
func greet(n *node.Node, c config.Config, w io.Writer, quiet bool) {
	if quiet {
		return
	}
	rules, counts := n.Rules()
	fmt.Fprintf(w, "curb %s · node %s · rules %s (%d placements, %d bidders)\n", version(), c.Node, rules, counts.Placements, counts.Bidders)
	for _, addr := range n.Addrs() {
		fmt.Fprintf(w, "  ad calls   https://%s   h3 h2 h1\n", addr)
	}
	fmt.Fprintf(w, "  admin      http://%s/v1/node\n", n.AdminAddr())
	if c.Lab {
		fmt.Fprintf(w, "  lab mode   plain http to loopback is allowed: not for production\n")
	}
	if c.Rules == "" && counts.Placements > 0 {
		fmt.Fprintf(w, "try  curl -k --http2 'https://%s/tt?id=1001'\n", n.Addrs()[0])
	}
}
