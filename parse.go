package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// parse returns the command to run, nil if only help was asked for. Whatever is
// wrong with the arguments and the environment, it is one usageError with all of
// it. Kong alone would stop at the first fault and print the values it dislikes,
// one of which may be a password.
func parse(args, environ []string, stdout io.Writer) (func(context.Context, io.Writer) error, error) {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var (
		grammar cli
		faults  usageError
		helped  bool
		vars    = variables(environ)
	)
	parser, err := kong.New(&grammar,
		kong.Name("panal"),
		kong.Description(description),
		kong.Writers(stdout, io.Discard),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 100}),
		kong.ValueFormatter(helpWithVariable),
		kong.AutoGroup(groupSettings),
		kong.Resolvers(resolve(vars)),
		decode(&faults, parseDatabaseURL),
		decode(&faults, parseDirectory),
		decode(&faults, parseWebAddress),
		decode(&faults, parseSecret),
		decode(&faults, parseHeaders),
		decode(&faults, parseAddress),
		decode(&faults, parseByteSize),
		decode(&faults, parseDuration),
		decode(&faults, parseTimeout),
		decode(&faults, parseRate),
		decode(&faults, parseConnections),
		decode(&faults, parseCount),
		decode(&faults, parseText),
		decode(&faults, parseID),
		decode(&faults, parseScopes),
		decodeChoice(&faults),
		decodeSwitch(&faults, parseDemoMode),
		decodeSwitch(&faults, parseOnOff),
	)
	if err != nil {
		return nil, fmt.Errorf("command line grammar: %w", err)
	}
	checkVariables(parser.Model.Flags, vars, &faults)
	kctx, err := parser.Parse(withoutFaulty(parser, args, &faults))
	if helped {
		return nil, nil //nolint:nilnil // nothing is left to do, and nothing went wrong
	}
	if stopped, ok := errors.AsType[*kong.ParseError](err); ok {
		kctx = stopped.Context
	}
	command := kctx.Selected()
	complete := command != nil && command.Leaf()
	if err != nil && (complete || len(faults) == 0) {
		faults.add("", err.Error())
	}
	if complete {
		if c, ok := reflect.TypeAssert[checker](command.Target.Addr()); ok {
			c.check(&grammar.settings, &faults)
		}
	}
	if grammar.Sandbox {
		checkSandbox(kctx, &faults)
	}
	if grammar.Pprof && grammar.MetricsAddr == "" {
		faults.add("--pprof or PANAL_PPROF", "needs --metrics-addr, where profiles are served")
	}
	if len(faults) > 0 {
		return nil, &faults
	}
	return func(ctx context.Context, stderr io.Writer) error {
		log, err := grammar.logger(stderr)
		if err != nil {
			return err
		}
		kctx.BindTo(ctx, (*context.Context)(nil))
		return kctx.Run(&app{settings: &grammar.settings, stdout: stdout, stderr: stderr, log: log})
	}, nil
}

// checker is a command whose flags have rules beyond their types.
type checker interface {
	check(s *settings, faults *usageError)
}

// withoutFaulty takes away one argument after the other until kong understands
// the rest, and notes why each had to go.
func withoutFaulty(parser *kong.Kong, args []string, faults *usageError) []string {
	for {
		trace, err := kong.Trace(parser, args)
		if err == nil {
			err = trace.Error
		}
		if err == nil {
			return args
		}
		// The last thing understood knows what was still to come.
		first := len(args) - len(trace.Path[len(trace.Path)-1].Remainder())
		if first < 0 || first >= len(args) {
			faults.add("", err.Error())
			return nil
		}
		last := first + 1
		name, _, hasValue := strings.Cut(args[first], "=")
		switch {
		case !plain.MatchString(name):
			faults.add("", "unexpected argument, not repeated here in case that it is a secret")
		case !strings.HasPrefix(name, "-"):
			faults.add("", err.Error())
		case strings.HasPrefix(err.Error(), "unknown flag"):
			faults.add("", err.Error())
			if !hasValue && trace.Selected() != nil && last < len(args) && !strings.HasPrefix(args[last], "-") {
				last++
			}
		case hasValue:
			faults.add(name, "does not take this value")
		default:
			faults.add(name, "needs a value")
		}
		args = slices.Delete(slices.Clone(args), first, last)
	}
}

// plain matches what can be neither a key nor a URL.
var plain = regexp.MustCompile(`^[a-zA-Z0-9-]{1,40}$`)

// variables are those of the environment; an empty one counts as not set.
func variables(environ []string) map[string]string {
	vars := map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); name != "" && value != "" {
			vars[name] = value
		}
	}
	return vars
}

// resolve looks settings up in vars. Kong's own env tag reads the process's
// environment, which a test cannot have to itself.
func resolve(vars map[string]string) kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if value, ok := vars[flag.Tag.Get("setting")]; ok {
			return value, nil
		}
		return nil, nil //nolint:nilnil // kong's way to say: not set here
	}
}

// checkVariables refuses a misspelt setting, which would otherwise be a setting
// that silently does nothing.
func checkVariables(flags []*kong.Flag, vars map[string]string, faults *usageError) {
	known := map[string]bool{}
	for _, flag := range flags {
		known[flag.Tag.Get("setting")] = true
	}
	var unknown []string
	for name := range vars {
		if strings.HasPrefix(name, "PANAL_") && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		faults.add(name, "is not a setting")
	}
}

func groupSettings(_ kong.Visitable, flag *kong.Flag) *kong.Group {
	if flag.Tag.Get("setting") == "" {
		return nil
	}
	return &kong.Group{Key: "settings", Title: "Settings (a flag, or else the environment variable):"}
}

func helpWithVariable(v *kong.Value) string {
	if variable := v.Tag.Get("setting"); variable != "" {
		return v.Help + " [" + variable + "]"
	}
	return v.Help
}
