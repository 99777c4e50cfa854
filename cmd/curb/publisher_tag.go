package main

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"curb/edge/ad"
	"curb/edge/admin"
)

// tagFormat is one kind of tag.
type tagFormat struct {
	name, what string
	write      func(*tag) (string, error)
	anyMedia   bool // not for banners alone
}

// tagFormats are the tags that can be written, in the order of the help.
var tagFormats = []tagFormat{
	{"js", "a script that writes the ad's frame, asynchronous", (*tag).script, false},
	{"iframe", "a frame of the ad", (*tag).frame, false},
	{"preemptive", "a script that lets your ad server choose, by price", (*tag).preemptive, false},
	{"preemptive-iframe", "the same as a frame", (*tag).preemptiveFrame, false},
	{"json", "a script of the page's own asks for price and ad", (*tag).fetch, false},
	{"prebid", "Prebid.js with a server of its own (s2sConfig)", (*tag).prebid, true},
	{"curl", "an OpenRTB request to try out in a shell", (*tag).curl, true},
}

func tagFormatNames() string {
	names := make([]string, len(tagFormats))
	for i, f := range tagFormats {
		names[i] = f.name
	}
	return strings.Join(names, ", ")
}

// tag is what a tag is written from.
type tag struct {
	place              *admin.Placement
	host               string // HOST or HOST:PORT
	width, height      int    // of the box
	size               string // that the URL has to say; "": the placement has its own
	adServer, targetID string
}

// tagFlags are what curb publisher tag was asked for.
type tagFlags struct {
	format, host, size, adServer, target string
	member                               uint32
}

func (p *publisherCommand) newTag() *cobra.Command {
	var f tagFlags
	long := "Write a tag to paste into a page. PLACEMENT is an id or a code. The box has an explicit size, so that nothing moves when the ad comes.\n\nFormats:\n"
	for _, format := range tagFormats {
		long += fmt.Sprintf("  %-18s %s\n", format.name, format.what)
	}
	cmd := &cobra.Command{
		Use: "tag PLACEMENT", Short: "Write a tag to paste into a page", Long: strings.TrimSuffix(long, "\n"), Args: cobra.ExactArgs(1),
		Example: "  curb publisher tag article\n  curb publisher tag 1002 --format preemptive --ad-server own\n" +
			"  curb publisher tag article --rules rules/ --host ads.news.example:8443 --format curl",
		RunE: func(cmd *cobra.Command, args []string) error { return p.writeTag(cmd, args[0], &f) },
	}
	cmd.Flags().StringVar(&f.format, "format", "js", tagFormatNames())
	cmd.Flags().StringVar(&f.host, "host", "", "HOST or HOST:PORT that the tag calls (default: the publisher's own)")
	cmd.Flags().StringVar(&f.size, "size", "", "WxH of the box; needed where the placement has no size of its own")
	cmd.Flags().StringVar(&f.adServer, "ad-server", "", "which of the placement's ad servers a preemptive tag calls (default: the first)")
	cmd.Flags().StringVar(&f.target, "target", "", "id of the element that the ad goes into (default: curb-ID)")
	cmd.Flags().Uint32Var(&f.member, "member", 0, "owner of the placement, where several have its code")
	return cmd
}

func (p *publisherCommand) writeTag(cmd *cobra.Command, ref string, f *tagFlags) error {
	i := slices.IndexFunc(tagFormats, func(x tagFormat) bool { return x.name == f.format })
	if i < 0 {
		return fail(exitUsage, "unknown format %q: use %s", f.format, tagFormatNames())
	}
	place, err := p.placement(cmd.Context(), ref, f.member)
	if err != nil {
		return err
	}
	if media := place.Media; !tagFormats[i].anyMedia && !slices.Contains(media, "banner") {
		return fail(exitUsage, "the placement is for %s, and %s tags show banners only: use --format prebid or --format curl", strings.Join(media, " and "), f.format)
	}
	t, err := newTag(place, f)
	if err != nil {
		return err
	}
	text, err := tagFormats[i].write(t)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(cmd.OutOrStdout(), text); err != nil {
		return fail(exitFailed, "write the tag: %w", err)
	}
	if !place.Active {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: the placement is switched off: the tag shows nothing until it is on sale")
	}
	if len(place.Sizes) > 1 && f.size == "" && t.has("banner") {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: the placement has %d sizes; the box is as large as the largest: --size says otherwise\n", len(place.Sizes))
	}
	return nil
}

// targetRunes are what the id of an element may be made of, as /ttj has it.
const targetRunes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:"

// newTag checks what was asked for against the placement.
func newTag(place *admin.Placement, f *tagFlags) (*tag, error) {
	t := &tag{place: place, host: f.host, targetID: f.target}
	switch {
	case t.host == "" && len(place.Hosts) == 0:
		return nil, fail(exitUsage, "%s has no host of its own: name the node's with --host", place.PublisherName)
	case t.host == "":
		t.host = place.Hosts[0]
	}
	if u, err := url.Parse("https://" + t.host + "/"); err != nil || u.Host != t.host || u.Hostname() == "" || u.User != nil {
		return nil, fail(exitUsage, "%q is no host: write HOST or HOST:PORT, without https://", t.host)
	}
	if t.targetID == "" {
		t.targetID = "curb-" + strconv.Itoa(int(place.ID))
	}
	if len(t.targetID) > 64 || strings.Trim(t.targetID, targetRunes) != "" {
		return nil, fail(exitUsage, "%q cannot be the id of an element: use up to 64 letters, digits and - _ . :", t.targetID)
	}
	t.adServer = f.adServer
	if t.adServer != "" && !slices.ContainsFunc(place.AdServers, func(s admin.AdServer) bool { return s.Name == t.adServer }) {
		return nil, fail(exitNotFound, "the placement has no ad server %q: its rule has them below ad_servers", t.adServer)
	}
	return t, t.box(f.size)
}

// box decides the size of the box: what was asked for, or the largest sides of the placement's sizes.
func (t *tag) box(asked string) error {
	if asked != "" {
		size, ok := ad.ParseSize(asked)
		switch {
		case !ok:
			return fail(exitUsage, "%q is no size: write WxH, e.g. 300x250", asked)
		case len(t.place.Sizes) > 0 && !slices.Contains(t.place.Sizes, asked):
			return fail(exitUsage, "the placement has no size %s: it has %s", asked, strings.Join(t.place.Sizes, ", "))
		case len(t.place.Sizes) == 0:
			t.size = asked
		}
		t.width, t.height = int(size.W), int(size.H)
		return nil
	}
	for _, text := range t.place.Sizes {
		size, ok := ad.ParseSize(text)
		if !ok {
			return fail(exitFailed, "the node says that %q is a size: node and curb should be of one version", text)
		}
		t.width, t.height = max(t.width, int(size.W)), max(t.height, int(size.H))
	}
	if t.width == 0 && t.has("banner") {
		return fail(exitUsage, "the placement has no size of its own: say one with --size")
	}
	return nil
}

// has says whether the placement takes a type of media.
func (t *tag) has(media string) bool { return slices.Contains(t.place.Media, media) }

// url is the URL of an endpoint, with parameters in pairs behind the placement's id and size.
func (t *tag) url(path string, parameters ...string) string {
	text := "https://" + t.host + path + "?id=" + strconv.Itoa(int(t.place.ID))
	if t.size != "" {
		text += "&size=" + t.size
	}
	for i := 0; i+1 < len(parameters); i += 2 {
		text += "&" + parameters[i] + "=" + url.QueryEscape(parameters[i+1])
	}
	return text
}

// What tags send, for the line above them.
const (
	sendsURL    = "It sends what its URL says, and what browsers say with any request: the page, the browser, the network address."
	sendsPrebid = "Prebid.js sends what its settings and consent modules let it, and browsers what they say with any request."
)

// about is the line that says what the tag is, and what data it sends.
func (t *tag) about(what, sends string) string {
	name := t.place.Code
	if name == "" {
		name = t.place.Name
	}
	text := fmt.Sprintf("%s, %d of %s: %s. %s", name, t.place.ID, t.place.PublisherName, what, sends)
	return "<!-- " + strings.NewReplacer("--", "- -", "<", "", ">", "").Replace(text) + " -->\n"
}

// element begins the element that the ad goes into. Without a banner and a size there is no box to keep free.
func (t *tag) element() string {
	if t.width == 0 {
		return fmt.Sprintf("<div id=\"%s\">", t.targetID)
	}
	return fmt.Sprintf("<div id=\"%s\" style=\"width:%dpx;height:%dpx\">", t.targetID, t.width, t.height)
}

// iframe is a frame of a URL, without borders or bars.
func (t *tag) iframe(url string) string {
	return fmt.Sprintf(`<iframe title="Advertisement" src="%s" width="%d" height="%d" scrolling="no" style="border:0;display:block"></iframe>`,
		html.EscapeString(url), t.width, t.height)
}

// scripted is an element, a script that fills it, and a frame for pages without scripts.
func (t *tag) scripted(about, script, frame string) string {
	return about + t.element() + "<noscript>" + t.iframe(frame) + "</noscript></div>\n" +
		`<script async crossorigin="anonymous" src="` + html.EscapeString(script) + "\"></script>\n"
}

func (t *tag) script() (string, error) {
	return t.scripted(t.about("an ad", sendsURL), t.url("/ttj", "target", t.targetID), t.url("/tt")), nil
}

func (t *tag) frame() (string, error) {
	return t.about("an ad", sendsURL) + t.iframe(t.url("/tt")) + "\n", nil
}

// noAdServer refuses what only a placement with ad servers has.
func noAdServer() error {
	return fail(exitUsage, "the placement has no ad server to call: its rule names them below ad_servers")
}

// redir is the ad server that a preemptive tag names. It is named also where it is the first, which a tag without redir
// calls: whoever reads the page sees where the price goes.
func (t *tag) redir() (string, error) {
	if len(t.place.AdServers) == 0 {
		return "", noAdServer()
	}
	if t.adServer != "" {
		return t.adServer, nil
	}
	return t.place.AdServers[0].Name, nil
}

func (t *tag) preemptive() (string, error) {
	name, err := t.redir()
	if err != nil {
		return "", err
	}
	return t.scripted(t.about("an ad, by price, from ad server "+name, sendsURL),
		t.url("/ptj", "target", t.targetID, "redir", name), t.url("/pt", "redir", name)), nil
}

func (t *tag) preemptiveFrame() (string, error) {
	name, err := t.redir()
	if err != nil {
		return "", err
	}
	return t.about("an ad, by price, from ad server "+name, sendsURL) + t.iframe(t.url("/pt", "redir", name)) + "\n", nil
}

func (t *tag) fetch() (string, error) {
	return t.about("price and ad, for a script", sendsURL) + t.element() + `</div>
<script>
fetch(` + literal(t.url("/jpt")) + `, {credentials: "omit"})
  .then(function (answer) { return answer.json(); })
  .then(function (bid) {
    // bid.cpm is the net price in USD per thousand; 0: nobody bid. Compare it with what else could fill the box.
    // Only what is shown is billed: the ad calls bid.accept itself.
    if (bid.cpm > 0) document.getElementById(` + literal(t.targetID) + `).innerHTML = bid.ad;
  })
  .catch(function () {}); // no answer: the box stays as it is
</script>
`, nil
}

// literal is a value as JavaScript that may stand in a script element: json.Marshal escapes <, > and &.
func literal(value any) string {
	text, _ := json.Marshal(value) // texts, numbers and lists of them always encode
	return string(text)
}

// tagID names the placement in OpenRTB: on the publisher's own host by its code.
func (t *tag) tagID() string {
	if t.place.Code != "" && slices.Contains(t.place.Hosts, strings.ToLower(hostname(t.host))) {
		return t.place.Code
	}
	return strconv.Itoa(int(t.place.ID))
}

func hostname(hostport string) string {
	u, err := url.Parse("https://" + hostport + "/")
	if err != nil {
		return hostport
	}
	return u.Hostname()
}

// sides are the sizes of the placement, or the box; none where it has neither.
func (t *tag) sides() [][2]int {
	var all [][2]int
	for _, text := range t.place.Sizes {
		if size, ok := ad.ParseSize(text); ok {
			all = append(all, [2]int{int(size.W), int(size.H)})
		}
	}
	if len(all) == 0 && t.width > 0 {
		all = [][2]int{{t.width, t.height}}
	}
	return all
}
