package openrtb

// Source is where a request comes from (OpenRTB 2.6 §3.2.2).
type Source struct {
	FD     Flag
	TID    string
	PChain string
	SChain *SChain
	Ext    []byte
}

func (d *Decoder) readSource(s *Source) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "fd":
			o.ok = o.once(0) && d.flag(&s.FD)
		case "tid":
			o.ok = o.once(1) && d.text(&s.TID)
		case "pchain":
			o.ok = o.once(2) && d.text(&s.PChain)
		case "schain":
			o.ok = o.once(3) && one(d, &d.schains, &s.SChain, (*Decoder).readSChain)
		case "ext":
			o.ok = o.once(4) && d.sourceExt(s)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendSource(dst []byte, s *Source) []byte {
	dst = append(dst, '{')
	dst = flag(dst, `"fd":`, s.FD)
	dst = text(dst, `"tid":`, s.TID)
	dst = text(dst, `"pchain":`, s.PChain)
	if s.SChain != nil {
		dst = appendSChain(append(dst, `"schain":`...), s.SChain)
	}
	dst = raw(dst, `"ext":`, s.Ext)
	return endObject(dst)
}

// SChain is the supply chain: everybody who is paid for the impression (OpenRTB 2.6 §3.2.25).
type SChain struct {
	Complete Flag
	Nodes    []Node
	Ver      string
	Ext      []byte
}

func (d *Decoder) readSChain(c *SChain) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "complete":
			o.ok = o.once(0) && d.flag(&c.Complete)
		case "nodes":
			o.ok = o.once(1) && many(d, &d.nodes, &c.Nodes, (*Decoder).readNode)
		case "ver":
			o.ok = o.once(2) && d.text(&c.Ver)
		case "ext":
			o.ok = o.once(3) && d.raw(&c.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// Node is one seller in a supply chain (OpenRTB 2.6 §3.2.26).
type Node struct {
	ASI    string
	SID    string
	RID    string
	Name   string
	Domain string
	HP     Flag
	Ext    []byte
}

func (d *Decoder) readNode(n *Node) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "asi":
			o.ok = o.once(0) && d.text(&n.ASI)
		case "sid":
			o.ok = o.once(1) && d.text(&n.SID)
		case "rid":
			o.ok = o.once(2) && d.text(&n.RID)
		case "name":
			o.ok = o.once(3) && d.text(&n.Name)
		case "domain":
			o.ok = o.once(4) && d.text(&n.Domain)
		case "hp":
			o.ok = o.once(5) && d.flag(&n.HP)
		case "ext":
			o.ok = o.once(6) && d.raw(&n.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendNode(dst []byte, n *Node) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"asi":`, n.ASI)
	dst = text(dst, `"sid":`, n.SID)
	dst = text(dst, `"rid":`, n.RID)
	dst = text(dst, `"name":`, n.Name)
	dst = text(dst, `"domain":`, n.Domain)
	dst = flag(dst, `"hp":`, n.HP)
	dst = raw(dst, `"ext":`, n.Ext)
	return endObject(dst)
}

// sourceExt keeps the extension and reads the supply chain from where OpenRTB 2.5 had it. One in its place of 2.6 wins,
// before or after.
func (d *Decoder) sourceExt(s *Source) bool {
	if d.at() != '{' {
		return d.raw(&s.Ext)
	}
	start := d.pos
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "schain":
			var chain *SChain
			o.ok = o.once(0) && one(d, &d.schains, &chain, (*Decoder).readSChain)
			if s.SChain == nil {
				s.SChain = chain
			}
		default:
			o.ok = d.other(&o)
		}
	}
	s.Ext = d.since(start)
	return d.close(&o)
}

// appendSChain writes complete and nodes always: the specification requires them.
func appendSChain(dst []byte, c *SChain) []byte {
	dst = append(dst, '{')
	dst = flag(dst, `"complete":`, max(c.Complete, No))
	dst = append(dst, `"nodes":[`...)
	for i := range c.Nodes {
		dst = appendNode(dst, &c.Nodes[i])
	}
	dst = endList(dst)
	dst = text(dst, `"ver":`, c.Ver)
	dst = raw(dst, `"ext":`, c.Ext)
	return endObject(dst)
}
