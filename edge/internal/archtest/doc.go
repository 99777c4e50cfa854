// Package archtest keeps the house in order: it reads every file of the repository and says where one breaks a rule that
// the compiler does not know.
//
// It is given a file system (the repository, or a small bad one from testdata) and gives back findings: a place, what is
// wrong there, and what to do instead. Each rule is one file with one table, and each line of a table carries its reason:
//
//	direction.go  who may import whom
//	modules.go    which package may say which third-party module, and that their types cross no package boundary
//	pure.go       what pure packages may neither import nor call
//	size.go       lengths of files, functions and parameter lists
//	state.go      no init functions, no package-level variables that change
//	docs.go       doc.go in every package; files that documents and comments name exist
//	readme.go     README.md is short, and what it tells people to open and type is there
//	words.go      left-over words, machine paths, hosts of registries
//	layout.go     what may stand at the top level; allocation budgets that hot packages must test
//
// A rule that is wrong is changed here, in the table, with a reason; no file is exempted quietly.
//
// It refuses to know: git (a tarball is checked like a clone), types (it parses and never needs the code to build), and
// what the code is for. It imports the standard library only, and nothing imports it.
//
// Read edge/doc.go next: the map of the packages whose borders are drawn here.
package archtest
