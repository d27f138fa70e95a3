package contactfile

import (
	"io"
	"strings"
)

// maxCell is the longest cell in bytes. Nothing that a customer is made of is as
// long; a quote that is never closed would otherwise swallow the rest of a file.
const maxCell = 8 << 10

// scanner reads records as RFC 4180 has them. It finds what encoding/csv finds,
// within bounds: there, one record of a file may be a million cells.
type scanner struct {
	rest  string
	comma byte
	line  int
}

func newScanner(text string, comma byte) *scanner { return &scanner{rest: text, comma: comma, line: 1} }

// next returns a record and the line it starts on, or io.EOF. Every line has a
// record, an empty one too.
func (s *scanner) next() (cells []string, line int, err error) {
	if s.rest == "" {
		return nil, 0, io.EOF
	}
	line = s.line
	for more := true; more; {
		var cell string
		if strings.HasPrefix(s.rest, `"`) {
			cell, err = s.quoted()
		} else {
			cell, err = s.plain()
		}
		if err != nil {
			return nil, 0, err
		}
		if len(cell) > maxCell || len(cells) == maxColumns {
			return nil, 0, &SyntaxError{Line: line}
		}
		cells = append(cells, cell)
		if more, err = s.separator(); err != nil {
			return nil, 0, err
		}
	}
	return cells, line, nil
}

// plain reads a cell without quotes, up to the separator behind it.
func (s *scanner) plain() (string, error) {
	end := strings.IndexAny(s.rest, string(s.comma)+"\"\n")
	if end < 0 {
		end = len(s.rest)
	} else if s.rest[end] == '"' {
		return "", &SyntaxError{Line: s.line}
	}
	cell := s.rest[:end]
	s.rest = s.rest[end:]
	if s.rest == "" || s.rest[0] == '\n' {
		if short, ok := strings.CutSuffix(cell, "\r"); ok {
			return short, nil
		}
	}
	return cell, nil
}

// quoted reads a cell in quotes, in which a quote is written as two.
func (s *scanner) quoted() (string, error) {
	var cell strings.Builder
	for line, rest := s.line, s.rest[1:]; ; {
		part, behind, closed := strings.Cut(rest, `"`)
		if !closed || cell.Len()+len(part) > maxCell {
			return "", &SyntaxError{Line: line}
		}
		s.line += strings.Count(part, "\n")
		cell.WriteString(strings.ReplaceAll(part, "\r\n", "\n"))
		if !strings.HasPrefix(behind, `"`) {
			s.rest = behind
			return cell.String(), nil
		}
		cell.WriteByte('"')
		rest = behind[1:]
	}
}

// separator passes what stands between two cells or at the end of a record and
// reports whether another cell follows.
func (s *scanner) separator() (more bool, err error) {
	switch {
	case s.rest == "" || s.rest == "\r":
		s.rest = ""
		return false, nil
	case s.rest[0] == s.comma:
		s.rest = s.rest[1:]
		return true, nil
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(s.rest, "\r"), "\n")
	if !ok {
		return false, &SyntaxError{Line: s.line}
	}
	s.rest = rest
	s.line++
	return false, nil
}
