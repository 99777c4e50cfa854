package openrtb

// Decoder reads bid requests and responses. It keeps what it needs from one document to the next, so that a used one
// reads without allocating; the zero value is ready. A Decoder is for one goroutine at a time.
//
// What a method returns is valid until the next call of a method, and its strings and Exts may lie in the body itself,
// which must not change as long.
type Decoder struct {
	scanner
	strings arena[string]
	ints    arena[int]
	asked
	answered
}

// asked is where the parts of a request are kept.
type asked struct {
	request     Request
	imps        arena[Imp]
	metrics     arena[Metric]
	qtys        arena[Qty]
	refreshes   arena[Refresh]
	refSettings arena[RefSettings]
	banners     arena[Banner]
	formats     arena[Format]
	videos      arena[Video]
	durFloors   arena[DurFloors]
	audios      arena[Audio]
	natives     arena[Native]
	pmps        arena[PMP]
	deals       arena[Deal]
	sites       arena[Site]
	apps        arena[App]
	doohs       arena[DOOH]
	publishers  arena[Publisher]
	producers   arena[Producer]
	contents    arena[Content]
	networks    arena[Network]
	channels    arena[Channel]
	devices     arena[Device]
	suas        arena[SUA]
	brands      arena[BrandVersion]
	geos        arena[Geo]
	users       arena[User]
	eids        arena[EID]
	uids        arena[UID]
	datas       arena[Data]
	segments    arena[Segment]
	regs        arena[Regs]
	sources     arena[Source]
	schains     arena[SChain]
	nodes       arena[Node]
}

// answered is where the parts of a response are kept.
type answered struct {
	response Response
	seats    arena[SeatBid]
	bids     arena[Bid]
}

// DecodeRequest reads a bid request. The error is an *Error with code json_invalid, json_too_deep or request_invalid.
func (d *Decoder) DecodeRequest(body []byte) (*Request, error) {
	d.begin(body, false)
	d.strings.reset()
	d.ints.reset()
	d.asked.reset()
	if d.readRequest(&d.request) && d.end() && d.acceptable(&d.request) {
		return &d.request, nil
	}
	return nil, d.err
}

// DecodeResponse reads a bid response. A price that is no number marks its bid and leaves the others alone. The error is
// an *Error with code json_invalid, json_too_deep, response_invalid or response_too_large.
func (d *Decoder) DecodeResponse(body []byte) (*Response, error) {
	d.begin(body, true)
	d.strings.reset()
	d.ints.reset()
	d.answered.reset()
	if d.readResponse(&d.response) && d.end() {
		return &d.response, nil
	}
	return nil, d.err
}

func (a *asked) reset() {
	a.request = Request{}
	a.imps.reset()
	a.metrics.reset()
	a.qtys.reset()
	a.refreshes.reset()
	a.refSettings.reset()
	a.banners.reset()
	a.formats.reset()
	a.videos.reset()
	a.durFloors.reset()
	a.audios.reset()
	a.natives.reset()
	a.pmps.reset()
	a.deals.reset()
	a.sites.reset()
	a.apps.reset()
	a.doohs.reset()
	a.publishers.reset()
	a.producers.reset()
	a.contents.reset()
	a.networks.reset()
	a.channels.reset()
	a.devices.reset()
	a.suas.reset()
	a.brands.reset()
	a.geos.reset()
	a.users.reset()
	a.eids.reset()
	a.uids.reset()
	a.datas.reset()
	a.segments.reset()
	a.regs.reset()
	a.sources.reset()
	a.schains.reset()
	a.nodes.reset()
}

func (a *answered) reset() {
	a.response = Response{}
	a.seats.reset()
	a.bids.reset()
}

// arenaKeep is how many elements of one kind a Decoder keeps room for; more than that is given back, so that one large
// document does not hold memory for the life of a pooled Decoder.
const arenaKeep = 1024

// arena hands out elements of one kind. Growing leaves what was handed out where it is.
type arena[T any] struct {
	items []T
}

func (a *arena[T]) reset() {
	if cap(a.items) > arenaKeep {
		a.items = nil
	}
	a.items = a.items[:0]
}

// next is a zero element, after those handed out before.
func (a *arena[T]) next() *T {
	n := len(a.items)
	if n == cap(a.items) {
		a.grow()
	}
	a.items = a.items[:n+1]
	var zero T
	p := &a.items[n]
	*p = zero
	return p
}

func (a *arena[T]) grow() {
	items := make([]T, len(a.items), max(4, 2*cap(a.items)))
	copy(items, a.items)
	a.items = items
}

// since is the elements handed out since there were start of them.
func (a *arena[T]) since(start int) []T {
	end := len(a.items)
	return a.items[start:end:end]
}
