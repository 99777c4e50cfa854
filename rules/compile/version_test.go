package compile

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const (
	one = "apiVersion: curb/v1\nkind: Member\nmetadata: {name: a, labels: {x: y}}\nspec: {id: 1, platform_fee: 5%, active: true}\n"
	two = "apiVersion: curb/v1\nkind: Member\nmetadata: {name: b}\nspec: {id: 2}\n"
	ad1 = "apiVersion: curb/v1\nkind: Creative\nmetadata: {name: c}\nspec: {id: 1, member: a, size: 1x1, format: html, content_file: c.html}\n"
)

func set(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func TestVersionIsOfWhatIsSaid(t *testing.T) {
	base := set("a.yaml", one+"---\n"+two+"---\n"+ad1, "c.html", "<b>x</b>")
	want := must(t, base)
	if len(want.Version) != 16 || strings.Trim(want.Version, "0123456789abcdef") != "" {
		t.Errorf("version %q, want 16 hex digits", want.Version)
	}
	for name, fsys := range map[string]fstest.MapFS{
		"other order":  set("a.yaml", ad1+"---\n"+two+"---\n"+one, "c.html", "<b>x</b>"),
		"other files":  set("z/b.json", `{"spec": {"id": 2}, "metadata": {"name": "b"}, "kind": "Member", "apiVersion": "curb/v1"}`, "a.yml", one, "m.yaml", ad1, "c.html", "<b>x</b>"),
		"other layout": set("a.yaml", "# a comment\nkind: Member\nspec:\n  active: true\n  platform_fee: '5.0 %'\n  id: 1\nmetadata:\n  labels: {x: \"y\"}\n  name: a\napiVersion: curb/v1\n---\n"+two+"---\n"+ad1, "c.html", "<b>x</b>"),
		"an ignored file": set("a.yaml", one+"---\n"+two+"---\n"+ad1, "c.html", "<b>x</b>", "x_test.yaml", "%", "x_test.yml", "%", "x_test.json", "%",
			"README.md", "%", ".hidden.yaml", "%", ".git/a.yaml", "%", "x.yaml.bak", "%", "yaml", "%"),
	} {
		if diff := cmp.Diff(want, must(t, fsys)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
	for name, fsys := range map[string]fstest.MapFS{
		"a number":  set("a.yaml", strings.Replace(one, "5%", "6%", 1)+"---\n"+two+"---\n"+ad1, "c.html", "<b>x</b>"),
		"a label":   set("a.yaml", strings.Replace(one, "x: y", "x: z", 1)+"---\n"+two+"---\n"+ad1, "c.html", "<b>x</b>"),
		"a name":    set("a.yaml", one+"---\n"+strings.Replace(two, "name: b", "name: bb", 1)+"---\n"+ad1, "c.html", "<b>x</b>"),
		"a file":    set("a.yaml", one+"---\n"+two+"---\n"+ad1, "c.html", "<b>y</b>"),
		"an object": set("a.yaml", one+"---\n"+ad1, "c.html", "<b>x</b>"),
	} {
		if got := must(t, fsys); got.Version == want.Version {
			t.Errorf("%s changed and the version did not", name)
		}
	}
}
