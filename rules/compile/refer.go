package compile

import (
	"fmt"
	"slices"

	"curb/rules/schema"
)

// refer follows a reference of an object, reporting one that leads nowhere; then it is nil, as for an absent value. path
// is the field inside spec.
func (c *compiler) refer(e *entry, v *schema.Value, kind, path string) *entry {
	if v == nil {
		return nil
	}
	target := c.known(v, kind)
	if target == nil {
		e.shaky = true
		c.report.Add(v.At, "spec."+path, fmt.Sprintf("there is no %s %q", kind, v.Text()), c.remedy(kind, v.Text()))
		return nil
	}
	e.shaky = e.shaky || target.shaky
	return target
}

// referAll follows a list of references and gives the ids they lead to.
func referAll[ID ~uint32](c *compiler, e *entry, field, kind string) []ID {
	var ids []ID
	for i, v := range e.Spec.Field(field).List() {
		path := fmt.Sprintf("%s[%d]", field, i)
		target := c.refer(e, v, kind, path)
		if target == nil {
			continue
		}
		if id := ID(target.id); !slices.Contains(ids, id) {
			ids = append(ids, id)
		} else if id != 0 {
			c.problem(e, path, fmt.Sprintf("%q is listed twice", v.Text()), "remove one")
		}
	}
	return ids
}

// remedy helps with a reference that leads nowhere.
func (c *compiler) remedy(kind, name string) string {
	for _, k := range schema.Kinds() {
		if k.Name != kind && c.byName[nameKey{k.Name, name}] != nil {
			return fmt.Sprintf("%q is a %s", name, k.Name)
		}
	}
	known, ok := c.names[kind]
	if !ok {
		for _, e := range c.byKind[kind] {
			if e.Name != "" {
				known = append(known, e.Name)
			}
		}
		slices.Sort(known)
		c.names[kind] = known
	}
	if len(known) == 0 {
		return fmt.Sprintf("the rule set holds no %s", kind)
	}
	return c.report.DidYouMean(name, known, "write the metadata.name or the id of one")
}
