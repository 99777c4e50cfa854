// Package token makes and opens the texts that leave the node and come back: tokens of accept, impression and click URLs
// and of cookies, and prices sealed for bidders and ad servers. Whoever holds one can read nothing of it and change nothing in it.
//
// It is given keys, 12 random bytes per text, the host that is to see a token again, and now. It promises:
//
//   - a token opens only with the key ring, the purpose and the host that it was made for, and as exactly the text that
//     was made: a text with any one bit changed is refused, other spellings of the same bytes too;
//   - a text that does not open says nothing of why: ErrInvalid is the one answer to a wrong key, purpose, host, length,
//     version and encoding, and the same work is done for all of them. Only a genuine token can be ErrExpired;
//   - keys of tokens are changed by making the next Ring from the last; tokens of the one before still open;
//   - Seal and Open allocate nothing once their buffers have grown.
//
// A token is version(1) ‖ key id(1) ‖ nonce(12) ‖ AES-256-GCM of claims and extra ‖ tag(16), in base64url without padding
// (RFC 4648 §5). What is authenticated beside it is version ‖ key id ‖ purpose ‖ host. Each purpose has a key of its own,
// derived from the ring's by HKDF-SHA256 (RFC 5869).
//
// It refuses to know: randomness and clocks (both are passed in), files (AppendKeys and ParseKeys are the text of one),
// HTTP and its status codes, what a claim leads to, and whether a token came before: a sale is billed once by the ledger,
// whatever is shown how often.
//
// Read claims.go for what a token says, ring.go for sealing, key.go for keys, price.go for prices. RATIONALE.md says why.
package token
