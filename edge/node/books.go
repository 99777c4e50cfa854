package node

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"time"

	"curb/edge/ad"
	"curb/edge/creative"
	"curb/edge/journal"
	"curb/edge/ledger"
	"curb/edge/notice"
	"curb/edge/token"
)

// recoverSince is how far back the bills are gone through at start for notices that a crash kept from being written down:
// as long as a notice of a win is tried for. A node may have been down for hours.
const recoverSince = 24 * time.Hour

// openBooks opens the log and brings what is kept in it back to memory: bills and promises, notices that are still to be
// delivered, registered creatives. Nothing is served before.
func (n *Node) openBooks(roots *x509.CertPool) error {
	dir := ""
	if n.config.Data != "" {
		dir = filepath.Join(n.config.Data, "journal")
	}
	var err error
	if n.journal, err = journal.Open(journal.Options{Dir: dir, Logger: n.log}); err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	n.ledger = ledger.New(ledger.Options{Log: n.journal, Logger: n.log, Expired: func(p *ad.Pending, why ad.Reason) {
		n.service.Expired(n.catalog.Load(), p, why)
	}})
	n.creatives = creative.New(creative.Options{
		Log: n.journal, Now: time.Now, Changed: n.askRebuild, Logger: n.log, Catalog: func() creative.Catalog { return n.catalog.Load() },
	})
	n.notices, err = notice.New(notice.Options{
		Log: n.journal, Guard: n.guard, RootCAs: roots, Bidders: func(id ad.BidderID) *ad.Bidder { return n.catalog.Load().Bidder(id) },
		Seal: sealPrice, Logger: n.log, Lab: n.config.Lab,
	})
	if err != nil {
		return err
	}
	n.events = &events{log: n.journal}
	if err := n.journal.Restore(n.ledger, n.notices, n.creatives, n.events); err != nil {
		return fmt.Errorf("restore from the journal: %w", err)
	}
	if err := n.rebuild(); err != nil {
		return err
	}
	n.ledger.Billed(time.Now().Add(-recoverSince), func(b *ad.Bill) bool {
		n.notices.Recover(b)
		return true
	})
	n.notices.Start()
	return nil
}

// sealPrice seals a price for a bidder's notice URLs.
func sealPrice(dst []byte, key *ad.PriceKey, partner uint32, auction ad.AuctionID, price ad.CPM) []byte {
	return token.SealPrice(dst, key, &token.Price{Partner: partner, Auction: auction, Amount: price, At: time.Now()}, nonce())
}

func nonce() (random [12]byte) {
	// Read of crypto/rand never fails and never returns short.
	rand.Read(random[:]) //nolint:errcheck // see above
	return random
}

// closeBooks lets what is under way finish until ctx ends, and closes the log last.
func (n *Node) closeBooks(ctx context.Context) {
	if n.notices != nil {
		n.notices.Close(ctx)
	}
	if n.service != nil { // it served, and there is somebody to tell of what is over
		n.ledger.Expire(time.Now()) // bills in doubt are undone before the log closes: a restart would find them standing
	}
	if n.journal != nil {
		if err := n.journal.Close(); err != nil {
			n.log.Error("closing the journal", "error", err)
		}
	}
}

// money is the ledger as the flow needs it. A creative that was billed counts as served.
type money struct {
	*ledger.Ledger
	creatives *creative.Registry
}

// Bill books a sale.
func (m money) Bill(ctx context.Context, sale *ad.Sale, now time.Time) (bool, error) {
	first, err := m.Ledger.Bill(ctx, sale, now)
	if first {
		m.creatives.Served(sale.Creative, now)
	}
	return first, err
}

// Accept books a sale that was passed on.
func (m money) Accept(ctx context.Context, key ad.SaleKey, now time.Time) (ad.Pending, bool, ad.PendingState, error) {
	p, first, state, err := m.Ledger.Accept(ctx, key, now)
	if first {
		m.creatives.Served(p.Creative, now)
	}
	return p, first, state, err
}
