package command

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) deadletterCommand() *cobra.Command {
	return group(&cobra.Command{Use: "deadletter", Short: "List, show and replay the rows that pipelines rejected"},
		sh.deadletterList(), sh.deadletterShow(), sh.deadletterReplay())
}

// letterFlags choose dead letters.
type letterFlags struct {
	file    string
	filter  app.LetterFilter
	from    string
	offsets []string
}

func (f *letterFlags) add(sh *shell, cmd *cobra.Command) {
	flags := cmd.Flags()
	fileFlag(cmd, &f.file)
	flags.StringSliceVar(&f.filter.Codes, "code", nil, "letters with this code, or one below it: json stands for json.type too; may be repeated")
	flags.StringSliceVar(&f.filter.SourceTopics, "source-topic", nil, "letters of records of this topic; may be repeated")
	flags.StringSliceVar(&f.filter.Functions, "function", nil, "letters of rows that this function rejected; may be repeated")
	flags.StringVar(&f.from, "from", "earliest", "earliest, latest or an offset of the topic of dead letters, in each partition; of a file, a byte")
	flags.Int64VarP(&f.filter.Limit, "limit", "n", 0, "at most so many letters")
	sh.suggestTopics(cmd, "source-topic")
	suggest(cmd, "from", "earliest", "latest")
}

func fileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "file", "", "read a file of dead letters, as pipelines over files write it, in the place of a topic")
}

// letterBox is the topic that the first argument names, or the file; rest are the arguments behind it, which must be so many: those of a
// letter in a topic, of one in a file.
func letterBox(cmd *cobra.Command, file string, args []string, inTopic, inFile int) (box app.LetterBox, rest []string, err error) {
	switch {
	case file == "" && len(args) == 1+inTopic:
		return app.LetterBox{Topic: args[0]}, args[1:], nil
	case file != "" && len(args) == inFile:
		return app.LetterBox{File: file}, args, nil
	case inFile > 0:
		return box, nil, fault.Inputf("%s: want TOPIC PARTITION OFFSET after it, or --file PATH and OFFSET", cmd.CommandPath())
	}
	return box, nil, fault.Inputf("%s: want TOPIC after it, or --file PATH in its place", cmd.CommandPath())
}

// read is what the flags say.
func (f *letterFlags) read(cmd *cobra.Command) (app.LetterFilter, error) {
	if cmd.Flags().Changed("limit") && f.filter.Limit < 1 {
		return f.filter, fault.Inputf("--limit: want 1 or more, got %d", f.filter.Limit)
	}
	switch f.from {
	case "earliest":
		f.filter.From = app.FromEarliest
	case "latest":
		f.filter.From = app.FromLatest
	default:
		n, err := strconv.ParseInt(f.from, 10, 64)
		if err != nil || n < 0 {
			return f.filter, fault.Inputf("--from: want earliest, latest or an offset, got %q", f.from)
		}
		f.filter.From = n
	}
	for _, text := range f.offsets {
		place, err := parsePlace(text)
		if err != nil {
			return f.filter, err
		}
		f.filter.At = append(f.filter.At, place)
	}
	return f.filter, nil
}

// parsePlace reads PARTITION:OFFSET.
func parsePlace(text string) (app.LetterPlace, error) {
	p, o, ok := strings.Cut(text, ":")
	place, err := readPlace(p, o)
	if !ok || err != nil {
		return place, fault.Inputf("--offsets: want PARTITION:OFFSET such as 0:17, got %q", text)
	}
	return place, nil
}

func readPlace(partition, offset string) (app.LetterPlace, error) {
	p, err := strconv.ParseUint(partition, 10, 31)
	if err != nil {
		return app.LetterPlace{}, fault.Inputf("want a partition such as 0, got %q", partition)
	}
	o, err := strconv.ParseInt(offset, 10, 64)
	if err != nil || o < 0 || o == math.MaxInt64 {
		return app.LetterPlace{}, fault.Inputf("want an offset such as 17, got %q", offset)
	}
	return app.LetterPlace{Partition: uint32(p), Offset: o}, nil
}

func (sh *shell) deadletterList() *cobra.Command {
	var (
		c        app.ListLettersConfig
		letters  letterFlags
		untilEnd bool
	)
	cmd := &cobra.Command{
		Use:   "list [TOPIC]",
		Short: "List dead letters, one a line",
		Long: `List reads a topic of dead letters and prints where each letter is (PARTITION:OFFSET, as show and replay --offsets take it), where the row
came from (TOPIC/PARTITION/OFFSET/FRAME/ROW; FRAME counts the frames of the record, ROW the rows of the frame), the time of that record,
and why the row was rejected: code, field, message. With --json it is an object a line, with everything but the value.

It ends where the topic ended at start; --until-end=false goes on with letters that come. --count prints how many letters have each
code. With --file it reads a file of letters as far as it goes; a letter's offset is the byte that its line begins at, in partition 0, and no
cluster is needed. Records that are no dead letters are left out, with a warning that says what they lack. What a pipeline wrote twice after a crash, in
numbered batches, is one letter; without exactly once there may be two letters for one row.`,
		ValidArgsFunction: sh.completeTopic,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if c.Filter, err = letters.read(cmd); err != nil {
				return err
			}
			if c.LetterBox, _, err = letterBox(cmd, letters.file, args, 0, 0); err != nil {
				return err
			}
			c.Cluster, c.Follow, c.Out = sh.cluster(), !untilEnd, sh.output()
			ctx, drain, done := sh.signals(cmd)
			defer done()
			return app.ListLetters(ctx, drain, c)
		},
	}
	letters.add(sh, cmd)
	cmd.Flags().BoolVar(&untilEnd, "until-end", true, "stop at the end offsets seen at start")
	cmd.Flags().BoolVar(&c.Count, "count", false, "print how many letters there are by code, at the end, and no letters")
	return sh.withCluster(drains(cmd))
}

func (sh *shell) deadletterShow() *cobra.Command {
	var (
		c    app.ShowLetterConfig
		file string
	)
	cmd := &cobra.Command{
		Use:   "show [TOPIC] [PARTITION] [OFFSET]",
		Short: "Show one dead letter and its value",
		Long: `Show prints everything that one letter of a topic of dead letters says, or the one of --file whose line begins at the byte OFFSET, and its value: text with what would disturb a terminal made
visible, or, where it is not UTF-8, the first bytes in hexadecimal. With --json the whole value is in value, or in value_b64 where it is not
UTF-8. --raw prints the original bytes and nothing else.`,
		ValidArgsFunction: sh.completeTopic,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if c.Raw && sh.json {
				return fault.Inputf("--raw and --json: want one of them")
			}
			if c.LetterBox, args, err = letterBox(cmd, file, args, 2, 1); err != nil {
				return err
			}
			if len(args) == 1 {
				args = []string{"0", args[0]}
			}
			if c.At, err = readPlace(args[0], args[1]); err != nil {
				return fmt.Errorf("%s: %w", cmd.CommandPath(), err)
			}
			c.Cluster, c.Out = sh.cluster(), sh.output()
			return app.ShowLetter(cmd.Context(), c)
		},
	}
	fileFlag(cmd, &file)
	cmd.Flags().BoolVar(&c.Raw, "raw", false, "print the original bytes, exactly, and nothing else")
	return sh.withCluster(cmd)
}

func (sh *shell) deadletterReplay() *cobra.Command {
	var (
		c       app.ReplayConfig
		letters letterFlags
	)
	cmd := &cobra.Command{
		Use:   "replay [TOPIC]",
		Short: "Send the original bytes of dead letters again",
		Long: `Replay sends the value of each chosen letter of a topic of dead letters, byte for byte, as a record of its own to the topic that the letter
names as its source, in the cluster that the command talks to, or to that of --to. It returns when every one is acknowledged. Letters
stay where they are: a row that is rejected again becomes another letter, behind them; --from leaves out those that were there before.

What goes back is the row's frame, so of a record of several lines only those that were rejected, in the framing that the letter names (a JSON
array, a length before it, a compression). It gets the time of the record that it
was and goes to the partition with the same number (counted round where the topic has fewer). The key of the record is not in the letter:
the new record has none. Whatever else reads the source topic reads it, too, also where the row was no problem before; --to a topic of
its own, which only the mended pipeline reads, avoids that. Derived letters, whose value is a row made from several records, are left
out, unless --to and --derived say where they are to go.

Each letter is sent once, however often connections are lost: records are numbered. To go on with a replay that was interrupted, give the
same command with the --replay-id that it told at start, or any id chosen beforehand: what was sent under it is looked up in the target and
left out, and letters that came meanwhile are sent, too. If the letters that are chosen do not begin with those that were sent under the id,
nothing is sent (code 2). Without an id, or with another one, everything is sent again, on purpose. The id counts for as long as the
target keeps the records. On a cluster other than weir's own broker a request that an interrupted replay left behind may be stored after the
look; readers that know numbered records (weir's sources, consume --drop-stale) see it once all the same.

With --file the letters come from a file; all of this holds as long as it stays where it is and only grows. A pipeline over files may write
a letter twice after a crash: each is sent. Letters of files name a file as their source, which is no topic: they need --to.`,
		ValidArgsFunction: sh.completeTopic,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if c.Filter, err = letters.read(cmd); err != nil {
				return err
			}
			if c.LetterBox, _, err = letterBox(cmd, letters.file, args, 0, 0); err != nil {
				return err
			}
			c.Cluster, c.Out, c.Say = sh.cluster(), sh.output(), sh.say
			ctx, drain, ended := sh.signals(cmd)
			defer ended()
			done, err := app.Replay(ctx, drain, c)
			if err != nil {
				return err
			}
			return sh.replayed(done)
		},
	}
	letters.add(sh, cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&letters.offsets, "offsets", nil,
		"letters to send, as PARTITION:OFFSET,… of the topic of dead letters, in place of the other choices")
	flags.StringVar(&c.To, "to", "", "send to this topic; default: the one that each letter names as its source")
	flags.BoolVar(&c.Derived, "derived", false, "with --to: send rows made from several records too")
	flags.StringVar(&c.ID, "replay-id", "", "leave out what was sent under this id before; default: a new one, which is told")
	flags.BoolVar(&c.DryRun, "dry-run", false, "send nothing, print what would be sent where")
	needs(cmd, "to", "derived")
	sh.suggestTopics(cmd, "to")
	return sh.withCluster(drains(cmd))
}

// replayed prints what a replay did.
func (sh *shell) replayed(done app.Replayed) error {
	if sh.json {
		return sh.printJSON(done)
	}
	verb := "sent and acknowledged"
	if done.DryRun {
		verb = "to be sent"
	}
	text := fmt.Sprintf("%d letters: %d %s, %d sent before", done.Letters, done.Sent, verb, done.Before)
	if done.Stopped {
		text = "stopped before the end: " + text
		if done.ID != "" {
			text += "; --replay-id " + done.ID + " goes on"
		}
	}
	sh.say(text)
	return nil
}
