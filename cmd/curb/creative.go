package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"curb/edge/admin"
	"curb/edge/creative"
)

// creativeCommand is what all commands on creatives share.
type creativeCommand struct{ at, output string }

func newCreativeCommand() *cobra.Command {
	var c creativeCommand
	cmd := &cobra.Command{
		Use:   "creative",
		Short: "Creatives: register ads, and decide which may serve",
		Long: "Creatives: register ads, and decide which may serve. A creative is named by its id, or by MEMBER/CODE. Those of the rule set are\n" +
			"listed too; they change in the rule files.\n\n" +
			"Exit codes: 0 done, 1 the node refuses, 2 the arguments make no sense, 4 there is no such creative, 5 no node answers.",
		Example: "  curb creative ls --status pending\n  curb creative register -f banner.json\n  curb creative approve 1000000000",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	addNodeFlag(cmd, &c.at)
	addOutputFlag(cmd, &c.output)
	cmd.AddCommand(c.newList(), c.newGet(), c.newRegister(), c.newUpdate(),
		c.newDecision("approve", "Let creatives serve", "approved"), c.newDecision("reject", "Keep creatives from serving", "rejected"),
		c.newDecision("ban", "Keep creatives from serving anywhere, whatever was approved", "banned"),
		c.newDecision("unban", "Take a ban back", "not banned any more"))
	return cmd
}

var creativeListing = listing[admin.Creative]{
	head: "ID\tSTATUS\tMEMBER\tCODE\tFORMAT\tSIZE\tNAME",
	row: func(c admin.Creative) string {
		return fmt.Sprintf("%d\t%s\t%d\t%s\t%s\t%s\t%s", c.ID, creativeState(c), c.Member, cell(c.Code), c.Format, cell(c.Size), cell(c.Name))
	},
	name: func(c admin.Creative) string { return strconv.Itoa(int(c.ID)) },
}

// creativeState is the status, and that a creative is switched off.
func creativeState(c admin.Creative) string {
	if !c.Active {
		return c.Status + ", off"
	}
	return c.Status
}

func (c *creativeCommand) newList() *cobra.Command {
	var member uint32
	var status string
	cmd := &cobra.Command{
		Use: "ls", Short: "List creatives, without their content", Args: noArgs,
		Example: "  curb creative ls\n  curb creative ls --status pending -o name | xargs curb creative approve",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(c.output); err != nil {
				return err
			}
			if status != "" && !slices.Contains(creative.Statuses(), status) {
				return fail(exitUsage, "unknown status %q: use %s", status, strings.Join(creative.Statuses(), ", "))
			}
			query := url.Values{"limit": {"500"}}
			if member != 0 {
				query.Set("member", strconv.Itoa(int(member)))
			}
			if status != "" {
				query.Set("status", status)
			}
			all, err := c.pages(cmd.Context(), "/v1/creatives?"+query.Encode())
			if err != nil {
				return err
			}
			if err := creativeListing.print(cmd.OutOrStdout(), c.output, all); err != nil {
				return fail(exitFailed, "print the list: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().Uint32Var(&member, "member", 0, "only creatives of this member")
	cmd.Flags().StringVar(&status, "status", "", "only creatives that stand so: "+strings.Join(creative.Statuses(), ", "))
	return cmd
}

// pages asks for every page of a list.
func (c *creativeCommand) pages(ctx context.Context, next string) ([]admin.Creative, error) {
	var all []admin.Creative
	for next != "" {
		var page admin.CreativePage
		if _, err := ask(ctx, c.at, question{method: http.MethodGet, path: next}, &page); err != nil {
			return nil, err
		}
		if page.Next == next || page.Next != "" && !strings.HasPrefix(page.Next, "/v1/creatives?") {
			return nil, fail(exitFailed, "the node's list leads nowhere: node and curb should be of one version")
		}
		all, next = append(all, page.Creatives...), page.Next
	}
	return all, nil
}

func (c *creativeCommand) newGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID|MEMBER/CODE", Short: "Show a creative with its content", Args: cobra.ExactArgs(1),
		Example: "  curb creative get 1000000000\n  curb creative get 201/spring -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(c.output); err != nil {
				return err
			}
			x, _, err := c.get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := printCreative(cmd.OutOrStdout(), c.output, x); err != nil {
				return fail(exitFailed, "print the creative: %w", err)
			}
			return nil
		},
	}
}

// get finds a creative, and its ETag.
func (c *creativeCommand) get(ctx context.Context, ref string) (*admin.Creative, string, error) {
	id, err := c.resolve(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	var x admin.Creative
	a, err := ask(ctx, c.at, question{method: http.MethodGet, path: creativePath(id, "")}, &x)
	if err != nil {
		return nil, "", err
	}
	return &x, a.etag, nil
}

// resolve is the id of what an argument names.
func (c *creativeCommand) resolve(ctx context.Context, ref string) (uint32, error) {
	member, code, isCode := strings.Cut(ref, "/")
	if id, err := strconv.ParseUint(ref, 10, 32); err == nil {
		return uint32(id), nil
	}
	if _, err := strconv.ParseUint(member, 10, 32); !isCode || err != nil || code == "" {
		return 0, fail(exitUsage, "%q names no creative: write its id, or MEMBER/CODE with the member's id", ref)
	}
	found, err := c.pages(ctx, "/v1/creatives?"+url.Values{"member": {member}, "code": {code}}.Encode())
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fail(exitNotFound, "member %s has no creative %q: curb creative ls --member %s lists them", member, code, member)
	}
	return found[0].ID, nil
}

func creativePath(id uint32, action string) string {
	return "/v1/creatives/" + strconv.Itoa(int(id)) + action
}

// printCreative writes one creative in every form; as a table, a line per field, the content last.
func printCreative(w io.Writer, output string, x *admin.Creative) error {
	switch output {
	case "json":
		return writeJSON(w, x, "  ")
	case "jsonl":
		return writeJSON(w, x, "")
	case "yaml":
		return writeYAML(w, x)
	case "name":
		_, err := fmt.Fprintln(w, x.ID)
		return err
	}
	var text strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&text, "%-12s %s\n", name, cell(value))
		}
	}
	line("id", strconv.Itoa(int(x.ID)))
	line("status", creativeState(*x))
	line("reason", x.Reason)
	line("source", x.Source)
	if x.Version > 0 {
		line("version", strconv.FormatUint(x.Version, 10))
	}
	line("member", strconv.Itoa(int(x.Member)))
	line("code", x.Code)
	line("name", x.Name)
	line("format", x.Format+", "+x.Media)
	line("size", x.Size)
	line("click url", x.ClickURL)
	line("secure", strconv.FormatBool(x.Secure))
	line("advertisers", strings.Join(x.Advertisers, " "))
	line("categories", strings.Join(x.Categories, " "))
	line("attributes", strings.Trim(fmt.Sprint(x.Attributes), "[]"))
	line("language", x.Language)
	line("pixels", strings.Join(x.Pixels, " "))
	line("last used", x.Used)
	lines := strings.Split(x.Content, "\n")
	for i := range lines {
		lines[i] = cell(lines[i])
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n", text.String(), strings.Join(lines, "\n"))
	return err
}
