// Package openrtb is the wire format of the exchange: OpenRTB 2.6 bid requests and responses, read and written.
//
// It is given bytes and gives structs, or the other way. The structs say what the specification says, field for field;
// prices are ad.CPM, exact to the micro-unit of the document's currency. A Decoder reads within the limits of edge/ad while
// it scans, keeps its memory from one document to the next, and lends strings out of the document. A Template encodes a
// request once per auction; each bidder's part is spliced in by copying.
//
// It promises that what it accepts has one meaning: two names alike in an object, or alike but for case where one is of
// the specification, half a surrogate pair, bytes that are not UTF-8, or anything behind the document refuse it. Names it
// does not know are passed over; every ext is kept as it was written, once it is known to be JSON, and written again. What
// OpenRTB 2.5 kept in extensions (regs.ext.gdpr, user.ext.consent, user.ext.eids, source.ext.schain) is read into its
// place of 2.6. A bid whose price is no number is marked and leaves the answer's other bids alone.
//
// What bids and answers say to this exchange alone, in ext.curb, Terms reads from their Exts.
//
// It refuses to know: what a request is worth, whom to ask, which bid is eligible, whether an answer's id, seat, currency
// or impression is the right one (edge/bidder), what may be said of a user (edge/privacy), sockets, compression, and the
// contents of extensions other than those above. tmax is read as it stands; the caller bounds it.
//
// RATIONALE.md says why it is written by hand and why it is as strict as it is. Read request.go and response.go for the
// outermost objects, scan.go for reading, append.go for writing, template.go for the splicing.
package openrtb
