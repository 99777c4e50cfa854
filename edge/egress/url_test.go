package egress

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestCheckURL(t *testing.T) {
	long := "https://bidder.example/?" + strings.Repeat("x", 2000)
	domains := []string{"bidder.example", "win.other.example", "127.0.0.1", "localhost"}
	cases := []struct {
		raw string
		err error
	}{
		{"https://bidder.example/win?p=${AUCTION_PRICE}", nil},
		{"https://ads.eu.bidder.example", nil},
		{"https://BIDDER.example:443/x", nil},
		{"HTTPS://bidder.example?x=1", nil},
		{"https://win.other.example/a//b:@", nil},
		{long[:2000], nil},

		{"", ErrURLLength}, {long[:2001], ErrURLLength},
		{"https://bidder.example/ x", ErrURLByte}, {"https://bidder.example/\n", ErrURLByte}, {"https://bidder.example/\x00", ErrURLByte},
		{"https://bidder.example\\@evil.example/", ErrURLByte}, {"https://bidder.example/#f", ErrURLByte}, {"https://bidder.example/é", ErrURLByte},
		{"https://①②⑦.0.0.1/", ErrURLByte},
		{"http://bidder.example/", ErrURLScheme}, {"gopher://bidder.example/", ErrURLScheme}, {"file:///etc/passwd", ErrURLScheme},
		{"//bidder.example/", ErrURLScheme}, {"https:/bidder.example", ErrURLScheme}, {"https:bidder.example", ErrURLScheme},
		{"javascript:alert(1)//https://bidder.example", ErrURLScheme}, {"https://", ErrURLScheme},
		{"https://user@bidder.example/", ErrURLCredentials}, {"https://bidder.example@evil.example/", ErrURLCredentials}, {"https://u:p@bidder.example", ErrURLCredentials},
		{"https:///x", ErrURLHost}, {"https://bidder%2eexample/", ErrURLHost}, {"https://bidder.example./", ErrURLHost},
		{"https://bidder..example/", ErrURLHost}, {"https://.bidder.example/", ErrURLHost}, {"https://-x.bidder.example/", ErrURLHost},
		{"https://x-.bidder.example/", ErrURLHost}, {"https://intranet/", ErrURLHost}, {"https://${AUCTION_ID}.bidder.example/", ErrURLHost},
		{"https://" + strings.Repeat("a", 64) + ".bidder.example/", ErrURLHost}, {"https://[::1/", ErrURLHost}, {"https://[::1]x/", ErrURLHost},
		{"https://localhost/", ErrURLHost}, {"https://a.localhost/", ErrURLHost}, {"https://localhost./", ErrURLHost},
		{"https://127.0.0.1/", ErrURLLiteral}, {"http://127.0.0.1/", ErrURLLiteral}, {"http://[::1]/", ErrURLLiteral}, {"https://[::ffff:7f00:1]/", ErrURLLiteral},
		{"https://169.254.169.254/latest/", ErrURLLiteral}, {"https://[fd00:ec2::254]/", ErrURLLiteral}, {"https://8.8.8.8/", ErrURLLiteral},
		{"https://2130706433/", ErrURLLiteral}, {"https://0x7f.1/", ErrURLLiteral}, {"https://0177.1/", ErrURLLiteral}, {"https://127.1/", ErrURLLiteral},
		{"https://[64:ff9b::7f00:1]/", ErrURLLiteral}, {"https://[2002:7f00:1::]/", ErrURLLiteral}, {"https://[fe80::1%25lo]/", ErrURLLiteral},
		{"https://bidder.example:22/", ErrURLPort}, {"https://bidder.example:6379/", ErrURLPort}, {"https://bidder.example:65536/", ErrURLPort},
		{"https://bidder.example:/", ErrURLPort}, {"https://bidder.example:0443/", ErrURLPort}, {"https://bidder.example:443x/", ErrURLPort}, {"https://bidder.example:1:443/", ErrURLPort},
		{"https://evilbidder.example/", ErrURLDomain}, {"https://bidder.example.evil.example/", ErrURLDomain}, {"https://other.example/", ErrURLDomain}, {"https://example/", ErrURLHost},
	}
	g := newGuard(t, Options{})
	for _, c := range cases {
		if err := g.CheckURL(c.raw, domains); err != c.err {
			t.Errorf("%.80q: %v, want %v", c.raw, err, c.err)
		}
	}
	if err := g.CheckURL("https://bidder.example/", nil); err != ErrURLDomain {
		t.Errorf("an owner without domains: %v", err)
	}
	if err := g.CheckURL("https://bidder.example/", []string{""}); err != ErrURLDomain {
		t.Errorf("an empty domain: %v", err)
	}
}

func TestCheckURLInTheLab(t *testing.T) {
	g := newGuard(t, Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}})
	domains := []string{"127.0.0.1", "localhost", "[::1]", "bidder.example"}
	for raw, want := range map[string]error{
		"http://127.0.0.1:9701/win": nil, "https://127.0.0.1:9701/": nil, "http://localhost:9701/": nil, "http://[::1]:9701/": nil,
		"http://127.0.0.2:9701/": ErrURLLiteral, "http://bidder.example/": ErrURLScheme, "https://bidder.example:9701/": ErrURLPort,
		"http://127.0.0.1:0/": ErrURLPort, "http://127.0.0.1:65536/": ErrURLPort, "http://127.0.0.1:65535/": nil, "http://127.0.0.1:99999/": ErrURLPort,
		"http://127.0.0.01/": ErrURLLiteral, "http://127.1/": ErrURLLiteral, "http://x.localhost/": nil,
	} {
		if err := g.CheckURL(raw, domains); err != want {
			t.Errorf("%q: %v, want %v", raw, err, want)
		}
	}
	if err := g.CheckURL("http://127.0.0.1:9701/", []string{"bidder.example"}); err != ErrURLDomain {
		t.Errorf("a loopback URL of an owner that did not register it: %v", err)
	}
	if err := g.CheckEndpoint("http://127.0.0.1:9701/bid"); err != nil {
		t.Errorf("a loopback endpoint: %v", err)
	}
}

func TestCheckURLAllocatesNothing(t *testing.T) {
	g := newGuard(t, Options{})
	domains := []string{"other.example", "bidder.example"}
	if n := testing.AllocsPerRun(100, func() {
		if g.CheckURL("https://win.bidder.example/win?auction=${AUCTION_ID}&price=${AUCTION_PRICE}", domains) != nil {
			t.Fatal("denied")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCheckURL holds what we accept against net/url: it must see the same scheme, host and port, and no user.
func FuzzCheckURL(f *testing.F) {
	for _, seed := range []string{"https://bidder.example/a?b=${C}", "https://x@bidder.example", "https://bidder.example:443", "https://[::1]/", "https://127.0.0.1:443/%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		g := newGuard(t, Options{})
		if g.CheckURL(raw, []string{"bidder.example"}) != nil {
			return
		}
		authority, _, _ := strings.Cut(raw[len("https://"):]+"/", "/") // net/url is lenient in paths we never touch
		authority, _, _ = strings.Cut(authority, "?")
		u, err := url.Parse("https://" + authority)
		if err != nil || u.User != nil || (u.Port() != "" && u.Port() != "443") {
			t.Fatalf("accepted %q, which net/url reads as %v, %v", raw, u, err)
		}
		if host := strings.ToLower(u.Hostname()); host != "bidder.example" && !strings.HasSuffix(host, ".bidder.example") {
			t.Fatalf("accepted %q with host %q", raw, host)
		}
	})
}
