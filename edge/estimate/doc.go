// Package estimate learns what clears: for each placement and size, which price the publisher's ad server takes, from the
// calls whose price was passed on to it.
//
// It is given one Call per price passed on, once it is known what became of it: Accepted or Declined. It promises, of the
// estimate it gives for a placement and a size:
//
//   - Clear is the lowest price p such that at least 95 % of the newest accepted calls (512 of them at most) were accepted
//     at p or below. It is one of those prices, exact to the micro; nothing is put into classes.
//   - Average is the mean of what was bid, over accepted and declined calls; newer calls weigh more.
//   - Verified says whether there is enough behind it: at least 100 accepted calls, and one call in a hundred accepted.
//
// It is a function of the order of the calls alone: no clock, no chance. A replay of the same calls gives the same
// estimates, to the bit. Reading takes no memory. Memory is bounded: at most Options.Pairs placements and sizes are
// remembered, and whoever has learnt nothing for longest is forgotten first.
//
// It refuses to know: bills and budgets, which estimate an operator set by hand (that one outranks what is learnt here, and
// whoever uses both chooses), and what the price is used for.
//
// Read book.go for learning and reading, history.go for what one pair remembers, snapshot.go for how it survives a restart.
// edge/ledger calls it. RATIONALE.md says why the definition is this one.
package estimate
