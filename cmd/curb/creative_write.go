package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"curb/edge/ad"
	"curb/edge/admin"
)

// draftFlags are what a command says of a creative: a file of JSON, and flags over it.
type draftFlags struct {
	file, contentFile string
	flags             *pflag.FlagSet // those named like fields of the API, with - for _
}

// add adds the flags to a command.
func (d *draftFlags) add(cmd *cobra.Command) {
	f := pflag.NewFlagSet("creative", pflag.ContinueOnError)
	f.Uint32("member", 0, "id of the member whose creative it is")
	f.String("code", "", "the member's own key, as bids name it (crid)")
	f.String("name", "", "a name for people (default: the code)")
	f.Bool("active", true, "whether it may serve at all")
	f.String("size", "", "WxH; banners need one")
	f.String("media", "", "banner, video, audio or native (default: what the format is)")
	f.String("format", "", "image, html, script, vast or native")
	f.String("content", "", "the ad, or its URL")
	f.Bool("dynamic", false, "whether a bid may bring markup of its own")
	f.String("click-url", "", "where it leads")
	f.Bool("secure", false, "whether it may serve on https pages")
	f.String("audit", "", "pending submits it to audit, none does not (default: pending)")
	f.StringSlice("advertisers", nil, "domains it is for, with commas")
	f.StringSlice("categories", nil, "content categories, with commas")
	f.IntSlice("attributes", nil, "OpenRTB creative attributes, with commas")
	f.String("language", "", "two letters (ISO 639-1)")
	f.StringArray("pixels", nil, "an impression tracker's URL; repeat for several")
	d.flags = f
	cmd.Flags().AddFlagSet(f)
	cmd.Flags().StringVarP(&d.file, "file", "f", "", "JSON file with the fields of the API; - is standard input")
	cmd.Flags().StringVar(&d.contentFile, "content-file", "", "file that holds the content; - is standard input")
}

// over lays the file and the flags over fields.
func (d *draftFlags) over(fields map[string]any, stdin io.Reader) error {
	if d.file == "-" && d.contentFile == "-" {
		return fail(exitUsage, "-f and --content-file cannot both be standard input")
	}
	if d.file != "" {
		text, err := readInput(d.file, stdin, ad.BodyBytesMax)
		if err != nil {
			return err
		}
		var given map[string]any
		if err := json.Unmarshal(text, &given); err != nil {
			return fail(exitUsage, "%s is no JSON object: %w", d.file, err)
		}
		for name, value := range given {
			fields[name] = value
		}
	}
	if d.contentFile != "" {
		text, err := readInput(d.contentFile, stdin, ad.CreativeBytesMax+1)
		if err != nil {
			return err
		}
		fields["content"] = strings.TrimSuffix(string(text), "\n")
	}
	d.flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Changed {
			fields[strings.ReplaceAll(flag.Name, "-", "_")] = flagValue(d.flags, flag)
		}
	})
	return nil
}

// flagValue is a flag as JSON has it.
func flagValue(set *pflag.FlagSet, flag *pflag.Flag) any {
	switch flag.Value.Type() {
	case "bool":
		return flag.Value.String() == "true"
	case "uint32":
		return json.Number(flag.Value.String())
	case "intSlice":
		list, _ := set.GetIntSlice(flag.Name) // its type was just read
		return list
	}
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return flag.Value.String()
}

// readInput reads a file, or standard input where the name is a dash.
func readInput(name string, stdin io.Reader, bytesMax int64) ([]byte, error) {
	from := stdin
	if name != "-" {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fail(exitUsage, "%s does not exist", name)
		}
		if err != nil {
			return nil, fail(exitFailed, "%w", err)
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, bytesMax+1))
	if err != nil {
		return nil, fail(exitFailed, "read %s: %w", name, err)
	}
	if int64(len(text)) > bytesMax {
		return nil, fail(exitUsage, "%s has more than %d bytes", name, bytesMax)
	}
	return text, nil
}

func (c *creativeCommand) newRegister() *cobra.Command {
	var d draftFlags
	cmd := &cobra.Command{
		Use: "register", Short: "Register a creative; changes state", Args: noArgs,
		Long: "Register a creative. Registering the same one again changes nothing. Fields are those of the API (edge/admin/ENDPOINTS.md).",
		Example: "  curb creative register --member 201 --code spring --format image --size 300x250 \\\n" +
			"    --content https://cdn.example/spring.png --click-url https://shop.example/\n" +
			"  curb creative register -f banner.json --content-file banner.html",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(c.output); err != nil {
				return err
			}
			fields := map[string]any{}
			if err := d.over(fields, cmd.InOrStdin()); err != nil {
				return err
			}
			if err := complete(fields); err != nil {
				return err
			}
			return c.write(cmd, question{method: http.MethodPost, path: "/v1/creatives"}, fields)
		},
	}
	d.add(cmd)
	return cmd
}

// complete refuses a creative that lacks what every creative has: no node would take it. The rest is the node's to judge.
func complete(fields map[string]any) error {
	var missing []string
	for _, name := range []string{"member", "code", "format", "content"} {
		if value, given := fields[name]; !given || value == nil || value == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fail(exitUsage, "a creative needs %s: write --%s, or a file with -f", strings.Join(missing, ", "), strings.Join(missing, ", --"))
	}
	return nil
}

func (c *creativeCommand) newUpdate() *cobra.Command {
	var d draftFlags
	var version uint64
	cmd := &cobra.Command{
		Use: "update ID|MEMBER/CODE", Short: "Change a creative; changes state", Args: cobra.ExactArgs(1),
		Long: "Change the fields of a creative that are given, and leave the others. Anything but name, code and active sends it back to audit.",
		Example: "  curb creative update 1000000000 --name 'Spring sale'\n" +
			"  curb creative update 201/spring --content https://cdn.example/spring2.png --version 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(c.output); err != nil {
				return err
			}
			x, etag, err := c.get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			fields := map[string]any{"member": x.Member, "code": x.Code, "name": x.Name, "active": x.Active, "size": x.Size, "media": x.Media, "format": x.Format,
				"content": x.Content, "dynamic": x.Dynamic, "click_url": x.ClickURL, "secure": x.Secure, "advertisers": x.Advertisers,
				"categories": x.Categories, "attributes": x.Attributes, "language": x.Language, "pixels": x.Pixels}
			if x.Audit == "none" {
				fields["audit"] = "none"
			}
			if err := d.over(fields, cmd.InOrStdin()); err != nil {
				return err
			}
			switch {
			case version != 0:
				etag = versionTag(version)
			case etag == "":
				etag = "*" // the rule set's: the node says what to do
			}
			return c.write(cmd, question{method: http.MethodPut, path: creativePath(x.ID, ""), match: etag}, fields)
		},
	}
	d.add(cmd)
	addVersionFlag(cmd, &version, "what was looked at is what is changed")
	return cmd
}

// write sends fields and prints the creative that they made, and what to do next.
func (c *creativeCommand) write(cmd *cobra.Command, q question, fields map[string]any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return fail(exitUsage, "%w", err)
	}
	q.body = body
	status, err := c.send(cmd, q)
	if err != nil {
		return err
	}
	said := map[int]string{http.StatusCreated: "registered · decide with: curb creative approve or reject"}[status]
	if said == "" && q.method == http.MethodPost {
		said = "it was registered already: nothing changed"
	}
	if said != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), said)
	}
	return nil
}

// send asks for a change and prints the creative as it is then.
func (c *creativeCommand) send(cmd *cobra.Command, q question) (status int, err error) {
	var x admin.Creative
	a, err := ask(cmd.Context(), c.at, q, &x)
	if err != nil {
		return 0, err
	}
	if err := c.printOne(cmd.OutOrStdout(), &x); err != nil {
		return 0, fail(exitFailed, "print the creative: %w", err)
	}
	return a.status, nil
}

// printOne writes a creative that was changed: as a table, its line of the list.
func (c *creativeCommand) printOne(w io.Writer, x *admin.Creative) error {
	if c.output == "table" {
		return creativeListing.print(w, c.output, []admin.Creative{*x})
	}
	return printCreative(w, c.output, x)
}

// newDecision is one of approve, reject, ban and unban.
func (c *creativeCommand) newDecision(verb, short, done string) *cobra.Command {
	var reason string
	var version uint64
	cmd := &cobra.Command{
		Use: verb + " ID|MEMBER/CODE…", Short: short + "; changes state", Args: cobra.MinimumNArgs(1),
		Example: "  curb creative " + verb + " 1000000000\n  curb creative " + verb + " 201/spring --version 3 --reason 'seen by Kim'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(c.output); err != nil {
				return err
			}
			q := question{method: http.MethodPost}
			if version != 0 {
				if len(args) > 1 {
					return fail(exitUsage, "--version is one creative's: name one")
				}
				q.match = versionTag(version)
			}
			if reason != "" {
				q.body, _ = json.Marshal(map[string]string{"reason": reason}) // a string always has a JSON form
			}
			decided, failed := c.decide(cmd, q, verb, args)
			if len(decided) > 0 {
				if err := creativeListing.print(cmd.OutOrStdout(), c.output, decided); err != nil {
					return fail(exitFailed, "print the creatives: %w", err)
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "%s %s\n", count(len(decided), "creative"), done)
			}
			return failed
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it is kept, and shown with the creative")
	addVersionFlag(cmd, &version, "what was looked at is what is decided")
	return cmd
}

// addVersionFlag lets a command act only on the version that somebody looked at.
func addVersionFlag(cmd *cobra.Command, version *uint64, why string) {
	cmd.Flags().Uint64Var(version, "version", 0, "only if it is still at this version: "+why)
}

// versionTag is a version as If-Match has it.
func versionTag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

// decide asks for a decision on one creative after another, and ends at the first that fails.
func (c *creativeCommand) decide(cmd *cobra.Command, q question, verb string, refs []string) (decided []admin.Creative, err error) {
	for _, ref := range refs {
		id, err := c.resolve(cmd.Context(), ref)
		if err != nil {
			return decided, err
		}
		var x admin.Creative
		if id < uint32(ad.RegisteredCreativeMin) {
			// The node refuses all of these ids alike, without looking: an id that the rule set has not either is not found.
			if _, err := ask(cmd.Context(), c.at, question{method: http.MethodGet, path: creativePath(id, "")}, &x); err != nil {
				return decided, err
			}
		}
		q.path = creativePath(id, ":"+verb)
		if _, err := ask(cmd.Context(), c.at, q, &x); err != nil {
			return decided, err
		}
		x.Content = "" // as in lists
		decided = append(decided, x)
	}
	return decided, nil
}
