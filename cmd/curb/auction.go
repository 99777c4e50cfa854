package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"curb/edge/ad"
	"curb/edge/auction/vector"
)

func newAuctionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "auction",
		Short:   "Hold auctions from files",
		Example: "  curb auction run cases.json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAuctionRunCommand())
	return cmd
}

// auctionRun is what curb auction run was asked for.
type auctionRun struct {
	output string
	only   string // regular expression on case names; "" all
	trace  bool
}

func newAuctionRunCommand() *cobra.Command {
	var a auctionRun
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Hold every auction of a vector file and compare with what it expects",
		Long: "Hold every auction of a vector file and compare with what it expects. FILE of - is standard input.\n\n" +
			"A case that expects nothing is unchecked: it neither passes nor fails.\n\n" +
			"Exit codes: 0 no case failed, 3 some did, 2 the file is unusable, 4 there is no such file or case.",
		Example: "  curb auction run edge/auction/testdata/auction.json\n" +
			"  curb auction run cases.json --run '^five' --trace\n" +
			"  curb auction run - -o json < cases.json",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, args[0]) },
	}
	cmd.Flags().StringVarP(&a.output, "output", "o", "table", strings.Join(auctionOutputs, ", "))
	cmd.Flags().StringVar(&a.only, "run", "", "hold only cases whose name matches this regular expression")
	cmd.Flags().BoolVar(&a.trace, "trace", false, "tell every auction line by line (table only; a failed case is always told)")
	return cmd
}

func (a *auctionRun) run(cmd *cobra.Command, name string) error {
	if !slices.Contains(auctionOutputs, a.output) {
		return fail(exitUsage, "unknown output %q: use %s", a.output, strings.Join(auctionOutputs, ", "))
	}
	matches, err := regexp.Compile(a.only)
	if err != nil {
		return fail(exitUsage, "--run: %w", err)
	}
	cases, err := readVectors(name, cmd.InOrStdin())
	if err != nil {
		return err
	}
	held := len(cases)
	cases = slices.DeleteFunc(cases, func(c vector.Case) bool { return !matches.MatchString(c.Name) })
	if held > 0 && len(cases) == 0 {
		return fail(exitNotFound, "no case of %s matches --run %q: list them with -o name", name, a.only)
	}
	if twin := describeTwins(cases); twin != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), twin)
	}
	outcomes := make([]*vector.Outcome, len(cases))
	for i := range cases {
		outcomes[i] = cases[i].Run()
	}
	if err := a.print(cmd.OutOrStdout(), outcomes); err != nil {
		return fail(exitFailed, "print the outcomes: %w", err)
	}
	sum, failed := summary(outcomes)
	if failed {
		return fail(exitFindings, "%s", sum)
	}
	if a.output == "table" {
		fmt.Fprintln(cmd.ErrOrStderr(), sum)
	}
	return nil
}

// summary counts the outcomes, and reports whether any failed.
func summary(outcomes []*vector.Outcome) (text string, failed bool) {
	var passed, wrong, unchecked int
	for _, o := range outcomes {
		switch {
		case o.Failed():
			wrong++
		case o.Unchecked:
			unchecked++
		default:
			passed++
		}
	}
	return fmt.Sprintf("%d passed, %d failed, %d unchecked", passed, wrong, unchecked), wrong > 0
}

// describeTwins says which cases have one name, so that a reader of names is warned; "" if none have. One line stands for
// all of a file's: it may hold thousands.
func describeTwins(cases []vector.Case) string {
	first, text, twins := map[string]int{}, "", 0
	for i := range cases {
		c := &cases[i]
		earlier, taken := first[c.Name]
		if !taken {
			first[c.Name] = c.Number
			continue
		}
		if twins++; twins == 1 {
			text = fmt.Sprintf("note: cases %d and %d are both named %q", earlier, c.Number, c.Name)
		}
	}
	if twins > 1 {
		text += fmt.Sprintf("; %d more repeat a name", twins-1)
	}
	return text
}

// readVectors reads a vector file, or standard input where the name is a dash.
func readVectors(name string, stdin io.Reader) ([]vector.Case, error) {
	from := stdin
	if name == "-" {
		name = "stdin"
	} else {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fail(exitNotFound, "%s does not exist: name a vector file, or - for standard input", name)
		}
		if err != nil {
			return nil, fail(exitFailed, "%w", err)
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return nil, fail(exitUsage, "%s is a directory: name one vector file in it", name)
		}
		from = file
	}
	data, err := io.ReadAll(io.LimitReader(from, ad.VectorFileBytesMax+1))
	if err != nil {
		return nil, fail(exitFailed, "read %s: %w", name, err)
	}
	file, err := vector.Parse(data)
	if err != nil {
		lines := strings.Split(err.Error(), "\n")
		for i := range lines {
			lines[i] = name + ": " + lines[i]
		}
		return nil, fail(exitUsage, "the file is unusable\n%s", strings.Join(lines, "\n"))
	}
	return file.Cases, nil
}
