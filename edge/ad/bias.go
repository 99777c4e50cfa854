package ad

// BiasShareMax bounds Bias.Share upwards: ten times the bid on top of it. Downwards the bound is the whole bid.
const BiasShareMax = 10 * ShareOne

// Bias moves a bid up or down in the ranking, and nowhere else: floors are tested and prices set without it. The zero
// value leaves the bid where it is.
type Bias struct {
	// Share of the net bid to add: 200_000 ranks a bid 20 % higher, -100_000 10 % lower. From -ShareOne to BiasShareMax;
	// beyond counts as the bound.
	Share Share
	// CPM to add, net USD, negative to take off. From -CPMMax to CPMMax; beyond counts as the bound.
	CPM CPM
}

// Rank is what a net bid ranks at: net + net × share + CPM, where the share is rounded towards zero. It never falls when
// net rises, and is negative where more is taken off than the bid is worth. net is from 0 to CPMMax.
func (b Bias) Rank(net CPM) CPM {
	if b == (Bias{}) {
		return net
	}
	share := min(max(b.Share, -ShareOne), BiasShareMax)
	part := mulDivDown(net, int64(max(share, -share)), int64(ShareOne))
	if share < 0 {
		part = -part
	}
	return net + part + min(max(b.CPM, -CPMMax), CPMMax)
}
