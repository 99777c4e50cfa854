package openrtb

// Native is a native impression (OpenRTB 2.6 §3.2.9). Request is a document of its own, JSON as text (Native Ads 1.2).
type Native struct {
	Request string
	Ver     string
	API     []int
	BAttr   []int
	Ext     []byte
}

func (d *Decoder) readNative(n *Native) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "request":
			o.ok = o.once(0) && d.text(&n.Request)
		case "ver":
			o.ok = o.once(1) && d.text(&n.Ver)
		case "api":
			o.ok = o.once(2) && d.integers(&n.API)
		case "battr":
			o.ok = o.once(3) && d.integers(&n.BAttr)
		case "ext":
			o.ok = o.once(4) && d.raw(&n.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendNative(dst []byte, n *Native) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"request":`, n.Request)
	dst = text(dst, `"ver":`, n.Ver)
	dst = integers(dst, `"api":`, n.API)
	dst = integers(dst, `"battr":`, n.BAttr)
	dst = raw(dst, `"ext":`, n.Ext)
	return endObject(dst)
}
