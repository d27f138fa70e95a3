package gen

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// Spec is what GetSpec returns, parsed once for the process and in a fifth of the
// time; nobody may change it. kin-openapi gives JSON to a YAML parser, which takes
// 27 ms and 19 MB to make nodes of what is one long line. Here they are made of
// JSON's own tokens, and kin-openapi takes over from there.
var Spec = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := GetSpecJSON()
	if err != nil {
		return nil, err
	}
	root, err := readNode(jsontext.NewDecoder(bytes.NewBuffer(text)))
	if err != nil {
		return nil, fmt.Errorf("embedded contract: %w", err)
	}
	spec := &openapi3.T{}
	if err := root.Decode(spec); err != nil {
		return nil, fmt.Errorf("embedded contract: %w", err)
	}
	if err := openapi3.NewLoader().ResolveRefsIn(spec, nil); err != nil {
		return nil, fmt.Errorf("embedded contract: %w", err)
	}
	return spec, nil
})

// readNode reads the next value. It is tagged as a YAML parser would, which has to
// guess: without its tag the text "1" would be a number.
func readNode(dec *jsontext.Decoder) (*yaml.Node, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err //nolint:wrapcheck // says where
	}
	switch token.Kind() {
	case '{':
		return readContent(dec, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
	case '[':
		return readContent(dec, &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"})
	case 'n':
		return scalar("!!null", token), nil
	case 't', 'f':
		return scalar("!!bool", token), nil
	case '0':
		if strings.ContainsAny(token.String(), ".eE") {
			return scalar("!!float", token), nil
		}
		return scalar("!!int", token), nil
	default:
		return scalar("!!str", token), nil
	}
}

// readContent reads what is in an object, names and values in turns, or in an array.
func readContent(dec *jsontext.Decoder, parent *yaml.Node) (*yaml.Node, error) {
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		child, err := readNode(dec)
		if err != nil {
			return nil, err
		}
		parent.Content = append(parent.Content, child)
	}
	_, err := dec.ReadToken()
	return parent, err //nolint:wrapcheck // says where
}

func scalar(tag string, token jsontext.Token) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: token.String()}
}
