package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"curb/edge/ad"
	"curb/edge/admin"
	"curb/edge/catalog"
	"curb/rules/compile"
)

// publisherCommand is what all commands on publishers share: where the placements are read from.
type publisherCommand struct{ at, rules string }

func newPublisherCommand() *cobra.Command {
	var p publisherCommand
	cmd := &cobra.Command{
		Use:   "publisher",
		Short: "Publishers: tags to paste, and line items for their ad servers",
		Long: "Publishers: tags to paste, and line items for their ad servers. Placements are those of a running node, or of the rule set in --rules.\n\n" +
			"Exit codes: 0 done, 1 failed, 2 the arguments make no sense, 4 there is no such placement, 5 no node answers.",
		Example: "  curb publisher ls\n  curb publisher tag article\n  curb publisher lineitems home-banner > lineitems.csv",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	addNodeFlag(cmd, &p.at)
	cmd.PersistentFlags().StringVar(&p.rules, "rules", "", "read this rule set's directory instead of asking a node")
	cmd.AddCommand(p.newList(), p.newTag(), p.newLineItems())
	return cmd
}

var publisherListing = listing[admin.Publisher]{
	head: "ID\tNAME\tACTIVE\tDOMAIN\tHOSTS\tPLACEMENTS",
	row: func(p admin.Publisher) string {
		return fmt.Sprintf("%d\t%s\t%v\t%s\t%s\t%d", p.ID, cell(p.Name), p.Active, cell(p.Domain), cell(strings.Join(p.Hosts, " ")), p.Placements)
	},
	name: func(p admin.Publisher) string { return p.Name },
}

var placementListing = listing[admin.Placement]{
	head: "ID\tCODE\tACTIVE\tPUBLISHER\tSIZES\tMEDIA\tAD SERVERS",
	row: func(p admin.Placement) string {
		names := make([]string, len(p.AdServers))
		for i, s := range p.AdServers {
			names[i] = s.Name
		}
		return fmt.Sprintf("%d\t%s\t%v\t%s\t%s\t%s\t%s", p.ID, cell(p.Code), p.Active, cell(p.PublisherName),
			cell(strings.Join(p.Sizes, " ")), cell(strings.Join(p.Media, " ")), cell(strings.Join(names, " ")))
	},
	name: func(p admin.Placement) string { return strconv.Itoa(int(p.ID)) },
}

func (p *publisherCommand) newList() *cobra.Command {
	var output string
	var placements bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List publishers, or their placements", Args: noArgs,
		Example: "  curb publisher ls\n  curb publisher ls --placements -o name",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			publishers, places, err := p.all(cmd.Context(), placements)
			if err != nil {
				return err
			}
			if placements {
				err = placementListing.print(cmd.OutOrStdout(), output, places)
			} else {
				err = publisherListing.print(cmd.OutOrStdout(), output, publishers)
			}
			if err != nil {
				return fail(exitFailed, "print the list: %w", err)
			}
			return nil
		},
	}
	addOutputFlag(cmd, &output)
	cmd.Flags().BoolVar(&placements, "placements", false, "list placements instead")
	return cmd
}

// all lists publishers, or placements.
func (p *publisherCommand) all(ctx context.Context, placements bool) ([]admin.Publisher, []admin.Placement, error) {
	var list struct {
		Publishers []admin.Publisher
		Placements []admin.Placement
	}
	if p.rules != "" {
		snap, err := p.snapshot()
		if err != nil {
			return nil, nil, err
		}
		return admin.Publishers(snap), admin.Placements(snap), nil
	}
	path := "/v1/publishers"
	if placements {
		path = "/v1/placements"
	}
	_, err := ask(ctx, p.at, question{method: http.MethodGet, path: path}, &list)
	return list.Publishers, list.Placements, err
}

// placement finds a placement by id or code.
func (p *publisherCommand) placement(ctx context.Context, ref string, member uint32) (*admin.Placement, error) {
	if ref == "" {
		return nil, fail(exitUsage, "name a placement by id or code")
	}
	if p.rules == "" {
		path := "/v1/placements/" + url.PathEscape(ref)
		if member != 0 {
			path += "?member=" + strconv.Itoa(int(member))
		}
		var x admin.Placement
		_, err := ask(ctx, p.at, question{method: http.MethodGet, path: path}, &x)
		return &x, err
	}
	snap, err := p.snapshot()
	if err != nil {
		return nil, err
	}
	switch found := admin.FindPlacements(snap, ad.MemberID(member), ref); len(found) {
	case 0:
		return nil, fail(exitNotFound, "%s has no placement %q: curb publisher ls --placements --rules %s lists them", p.rules, ref, p.rules)
	case 1:
		return &found[0], nil
	}
	return nil, fail(exitFailed, "several members have a placement %q: name one with --member", ref)
}

// snapshot reads the rule set. What only a node in lab mode may do is no problem here: nothing is called.
func (p *publisherCommand) snapshot() (*catalog.Snapshot, error) {
	info, err := os.Stat(p.rules)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(exitNotFound, "%s does not exist: name the directory of a rule set", p.rules)
	}
	if err != nil {
		return nil, fail(exitFailed, "%w", err)
	}
	if !info.IsDir() {
		return nil, fail(exitUsage, "%s is a file: name the directory it is in", p.rules)
	}
	contents, problems := compile.Dir(os.DirFS(p.rules), compile.Options{Lab: true})
	if len(problems) > 0 {
		return nil, fail(exitUsage, "%s in %s: curb rules check %s says which", count(len(problems), "problem"), p.rules, p.rules)
	}
	snap, err := catalog.New(contents)
	if err != nil {
		return nil, fail(exitFailed, "%w", err)
	}
	return snap, nil
}
