package contactfile

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What a workbook may unpack to, in bytes. Sheets and shared strings are read from
// temporary files once they are larger than largePart; all other parts are read
// into memory at once, and some of them grow twentyfold there. An export of 5,000
// contacts needs half of these.
const (
	mostUnpacked = 24 << 20
	mostSheet    = 16 << 20
	mostStrings  = 8 << 20
	largePart    = 1 << 20
)

// checkPackage refuses what is not a ZIP file, an encrypted workbook among it, and
// parts that are larger than any export's. A part that lies about its size is cut
// off by archive/zip.
func checkPackage(file []byte) error {
	if !bytes.HasPrefix(file, []byte("PK\x03\x04")) {
		if len(file) == 0 {
			return ErrEmpty
		}
		return ErrFormat
	}
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	for _, part := range archive.File {
		most := uint64(largePart)
		switch name := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/")); {
		case name == "xl/sharedstrings.xml":
			most = mostStrings
		case strings.HasPrefix(name, "xl/worksheets/sheet"):
			most = mostSheet
		}
		if part.UncompressedSize64 > most {
			return fmt.Errorf("%w: a part of %d bytes", ErrFormat, part.UncompressedSize64)
		}
		if part.UncompressedSize64 > largePart {
			if err := checkXML(part); err != nil {
				return fmt.Errorf("%w: %w", ErrFormat, err)
			}
		}
	}
	return nil
}

// checkXML refuses XML that makes a parser keep thirty times its size: elements
// within each other without end, which are all open at once, and elements with
// attributes without end.
func checkXML(part *zip.File) error {
	content, err := part.Open()
	if err != nil {
		return err //nolint:wrapcheck // by the caller
	}
	defer content.Close() //nolint:errcheck // only read
	const deepest = 100
	d := xml.NewDecoder(&tagReader{content: content})
	for depth := 0; depth <= deepest; {
		token, err := d.RawToken() // keeps none
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err //nolint:wrapcheck // by the caller
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return errors.New("elements lie too deep")
}

// tagReader fails where one tag is very far from the next: an attribute cannot
// contain a "<", so it bounds the attributes of an element, and its text.
type tagReader struct {
	content io.Reader
	run     int
}

// mostBetweenTags has room for the longest text of a cell, 32,767 characters.
const mostBetweenTags = 256 << 10

func (r *tagReader) Read(p []byte) (int, error) {
	n, err := r.content.Read(p)
	for _, b := range p[:n] {
		r.run++
		if b == '<' {
			r.run = 0
		}
		if r.run > mostBetweenTags {
			return 0, errors.New("a tag or a text is too long")
		}
	}
	return n, err //nolint:wrapcheck // io.EOF as it is
}
