package samples

import (
	"embed"
	"io/fs"
)

//go:embed demo
var files embed.FS

// Demo is the rule set of `curb serve --demo`. It needs lab mode: its bidders listen on loopback.
var Demo fs.FS = set("demo")

// set is one rule set as a file system of its own.
func set(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic("samples: " + err.Error()) // only a name that is no path is refused
	}
	return sub
}
