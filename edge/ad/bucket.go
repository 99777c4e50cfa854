package ad

// BucketRange is one stretch of prices that are rounded alike.
type BucketRange struct {
	Max       CPM // inclusive; the range starts where the one before it ends
	Increment CPM // at least 1 micro
}

// Buckets round prices down for the line items of a publisher's ad server. The zero value is Prebid's medium.
type Buckets struct {
	Ranges []BucketRange // by Max, at most BucketRangesMax
	// Precision is the decimals that are written, 0 to 6; without ranges it is not read.
	Precision uint8
}
