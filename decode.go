package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// usageError is everything that is wrong with a command line and its environment.
type usageError []string

// add notes a fault once: the command line is read more than once.
func (e *usageError) add(subject, problem string) {
	if subject != "" {
		problem = subject + ": " + problem
	}
	if !slices.Contains(*e, problem) {
		*e = append(*e, problem)
	}
}

func (e *usageError) Error() string {
	if len(*e) == 1 {
		return (*e)[0]
	}
	return fmt.Sprintf("%d things are wrong, nothing was done:\n  %s", len(*e), strings.Join(*e, "\n  "))
}

// decode reads values of type T with its rule, and notes a bad value instead of
// letting kong stop there.
func decode[T any](faults *usageError, rule func(string) (T, error)) kong.Option {
	return kong.TypeMapper(reflect.TypeFor[T](), decoder(faults, func(_ *kong.Value, s string) (T, error) { return rule(s) }))
}

func decodeChoice(faults *usageError) kong.Option {
	return kong.TypeMapper(reflect.TypeFor[choice](), decoder(faults, func(v *kong.Value, s string) (choice, error) {
		among := strings.Split(v.Tag.Get("oneof"), ",")
		if !slices.Contains(among, s) {
			return "", errors.New("must be one of " + strings.Join(among, ", "))
		}
		return choice(s), nil
	}))
}

func decoder[T any](faults *usageError, rule func(*kong.Value, string) (T, error)) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("text", &text); err != nil {
			return fmt.Errorf("needs a value: %w", err)
		}
		value, err := rule(ctx.Value, text)
		if err != nil {
			faults.add(label(ctx.Value), err.Error())
			return nil
		}
		target.Set(reflect.ValueOf(value))
		return nil
	}
}

// decodeSwitch lets a flag such as --demo stand without a value, as --no-demo does.
func decodeSwitch[T any](faults *usageError, rule func(string) (T, error)) kong.Option {
	return kong.TypeMapper(reflect.TypeFor[T](), optionalValue{decoder(faults,
		func(_ *kong.Value, s string) (T, error) { return rule(s) })})
}

type optionalValue struct{ kong.MapperFunc }

func (optionalValue) IsBool() bool { return true }

func (o optionalValue) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	text := "true"
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		text = ctx.Scan.Pop().String()
	}
	return o.MapperFunc(ctx.WithScanner(kong.ScanAsType(kong.FlagValueToken, text)), target)
}

// label is how a fault names a flag or an argument.
func label(v *kong.Value) string {
	if v.Flag == nil {
		return "<" + v.Name + ">"
	}
	if variable := v.Tag.Get("setting"); variable != "" {
		return "--" + v.Name + " or " + variable
	}
	return "--" + v.Name
}
