package transport

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNormalizeHost(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	host253 := label63 + "." + label63 + "." + label63 + "." + strings.Repeat("b", 61)
	good := []struct {
		raw, host string
		port      int
	}{
		{"ads.news.example", "ads.news.example", 0},
		{"ADS.News.Example", "ads.news.example", 0},
		{"ads.news.example.", "ads.news.example", 0},
		{"ads.news.example:443", "ads.news.example", 443},
		{"ads.news.example.:8443", "ads.news.example", 8443},
		{"localhost", "localhost", 0},
		{"a", "a", 0},
		{"a1-b.example", "a1-b.example", 0},
		{"1.2.3.4", "1.2.3.4", 0},
		{"1.2.3.4:65535", "1.2.3.4", 65535},
		{"1.2.3.4.", "1.2.3.4", 0},
		{"[::1]", "[::1]", 0},
		{"[::1]:8443", "[::1]", 8443},
		{"[0:0:0:0:0:0:0:1]", "[::1]", 0},
		{"[2001:DB8::A]", "[2001:db8::a]", 0},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", 0},
		{"XN--BCHER-KVA.example", "xn--bcher-kva.example", 0},
		{label63 + ".example", label63 + ".example", 0},
		{host253, host253, 0},
		{host253 + ".", host253, 0},
		{"3com.example", "3com.example", 0},
		{"7.example", "7.example", 0},
	}
	for _, c := range good {
		host, port, err := NormalizeHost(c.raw)
		if err != nil || host != c.host || port != c.port {
			t.Errorf("NormalizeHost(%q) = %q, %d, %v; want %q, %d", c.raw, host, port, err, c.host, c.port)
		}
	}
	bad := []string{
		"", ".", "..", ":443", "a:", "a:0", "a:0443", "a:65536", "a:123456", "a:-1", "a:44x", "a:1:2", "a..b", ".a", "a..",
		"a@b", "user:pw@b", "a b", "a\tb", "a/b", "a\\b", "a%2eb", "a_b.example", "-a.example", "a-.example", "bücher.example",
		"\xff.example", "a\x00b", "xn--a-.example", "xn--a.example", "xn--example-.com", "ab--cd.example",
		"127.1", "0x7f.1", "0x7f", "0177.0.0.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "2130706433", "a.1", "a.0x",
		"[::1", "::1", "[::1]x", "[::1]:", "[::1%eth0]", "[1.2.3.4]", "[]", "[a]", "a,b", "a b.example",
		label63 + "a.example", host253 + "b", strings.Repeat("a", 300), "http://a",
	}
	for _, raw := range bad {
		if host, _, err := NormalizeHost(raw); err == nil {
			t.Errorf("NormalizeHost(%q) = %q, want an error", raw, host)
		}
	}
}

func TestNormalizeHostAllocatesNothing(t *testing.T) {
	for _, raw := range []string{"ads.news.example", "ads.news.example:443", "ads.news.example.", "[::1]:8443", "127.0.0.1"} {
		if n := testing.AllocsPerRun(100, func() {
			if _, _, err := NormalizeHost(raw); err != nil {
				t.Fatal(err)
			}
		}); n > 1 || n > 0 && raw[0] != '[' {
			t.Errorf("NormalizeHost(%q) allocates %v times", raw, n)
		}
	}
}

func TestOwnHost(t *testing.T) {
	for raw, want := range map[string]string{"localhost": "localhost", "127.0.0.1": "127.0.0.1", "::1": "[::1]", "[::1]": "[::1]", "Node.Example.": "node.example"} {
		if host, err := ownHost(raw); err != nil || host != want {
			t.Errorf("ownHost(%q) = %q, %v; want %q", raw, host, err, want)
		}
	}
	for _, raw := range []string{"", "localhost:8443", "https://localhost", "[::1]:1"} {
		if host, err := ownHost(raw); err == nil {
			t.Errorf("ownHost(%q) = %q, want an error", raw, host)
		}
	}
}

// FuzzNormalizeHost holds what every other check relies on: a normalised host is ASCII, stays as it is when normalised
// again, and never depends on case or the final dot.
func FuzzNormalizeHost(f *testing.F) {
	for _, seed := range []string{"ads.news.example:443", "A.", "[::1]:8443", "xn--bcher-kva.example", "127.1", "a@b", "bücher", "1.2.3.4.", ":", "[::ffff:1.2.3.4]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		host, port, err := NormalizeHost(raw)
		if err != nil {
			if host != "" || port != 0 {
				t.Fatalf("%q: %q and %d beside an error", raw, host, port)
			}
			return
		}
		if len(host) == 0 || len(host) > hostBytesMax || port < 0 || port > 65535 {
			t.Fatalf("%q: out of bounds: %q %d", raw, host, port)
		}
		for i := range len(host) {
			if c := host[i]; c >= utf8.RuneSelf || c <= ' ' || c >= 'A' && c <= 'Z' || strings.IndexByte("@/\\%,_", c) >= 0 {
				t.Fatalf("%q: %q holds %q", raw, host, c)
			}
		}
		if again, p, err := NormalizeHost(host); err != nil || again != host || p != 0 {
			t.Fatalf("%q: %q becomes %q %d %v", raw, host, again, p, err)
		}
		if up, _, err := NormalizeHost(strings.ToUpper(host)); err != nil || up != host {
			t.Fatalf("%q: upper case gives %q %v, want %q", raw, up, err, host)
		}
	})
}
