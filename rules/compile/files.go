package compile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"curb/edge/ad"
)

// extensions are those of rule files.
var extensions = []string{".yaml", ".yml", ".json"}

// isRuleFile says whether a file of a rule set holds objects: by its extension, and not being a test.
func isRuleFile(name string) bool {
	ext := path.Ext(name)
	return slices.Contains(extensions, ext) && !strings.HasSuffix(strings.TrimSuffix(name, ext), "_test")
}

// files lists the rule files below the root in order of their names, reporting what cannot be listed.
func (c *compiler) files() []string {
	var names []string
	err := fs.WalkDir(c.fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			c.report.AddFile(name, "cannot be read: "+reason(err), readRemedy)
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !isRuleFile(entry.Name()):
			return nil
		}
		if names = append(names, name); len(names) > ad.RuleFilesMax {
			return errFiles
		}
		return nil
	})
	switch {
	case err != nil:
		c.report.AddFile(".", err.Error(), "split the rule set, or put several objects into one file")
		return nil
	case len(names) == 0 && c.report.Count() == 0:
		c.report.AddFile(".", "there are no rule files", "put .yaml, .yml or .json files here")
	}
	slices.Sort(names)
	return names
}

// readRemedy is what to do about a file that cannot be read.
const readRemedy = "make it a readable file within the limits, or remove it"

var errFiles = fmt.Errorf("there are more than %d rule files", ad.RuleFilesMax)

// reason is an error without the path that fs puts in front of it.
func reason(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// read gives the bytes of a regular file of up to max bytes. Anything else, such as a pipe, is not opened.
func (c *compiler) read(name string, max int) ([]byte, error) {
	info, err := fs.Stat(c.fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	if info.Size() > int64(max) {
		return nil, fmt.Errorf("it has %d bytes, more than %d", info.Size(), max)
	}
	if c.total += int(info.Size()); c.total > c.bytesMax {
		return nil, fmt.Errorf("all files together have more than %d bytes", c.bytesMax)
	}
	file, err := c.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, int64(max)+1))
	if err == nil && len(text) > max {
		err = fmt.Errorf("it has more than %d bytes", max)
	}
	return text, err
}
