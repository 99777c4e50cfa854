// Package config is what an operator decides about one node: addresses, hosts, certificates, directories, limits of time.
//
// It is given the text of curb.yaml and promises a Config that is complete (Default fills what the file leaves out) and
// checked (every problem at once, with place, cause and remedy), or no Config at all. What is bought and sold is not
// here: that is the rule set, which changes while the node runs. These settings are read once, at the start.
//
// It refuses to know how any of it is used, and whether a port is free or a file can be read: the node finds out when it starts.
//
// Read curb.example.yaml next: every setting with its default, and why one would change it.
package config
