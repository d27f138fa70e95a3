package server

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"unicode/utf8"

	"github.com/panal/panal/gen"
)

// upload is a form with a file and a switch.
type upload struct {
	name    string
	content []byte
	// dryRun is the switch, true where the form has none.
	dryRun bool
}

// maxParts is more than any form of the contract has.
const maxParts = 50

// readUpload reads a form: the part called file, of at most limit bytes, and the
// boolean called flag. The parts may come in any order, and others are passed
// over. The whole form is bounded by checkContract.
func readUpload(form *multipart.Reader, limit int64, flag string) (upload, error) {
	u := upload{dryRun: true}
	var found, malformedFlag faults
	files, flags := 0, 0
	for range maxParts {
		part, err := form.NextPart()
		if err == io.EOF { //nolint:errorlint // a form that breaks off has it inside of another error
			if files == 0 {
				found.add("file", "is required")
			}
			err = u.refusal(found, malformedFlag)
			return u, err
		}
		if err != nil {
			return u, brokenForm(err)
		}
		switch part.FormName() {
		case "file":
			files++
			u.name = part.FileName()
			u.content, err = readPart(part, limit)
			if files > 1 {
				found.add("file", "must be given once")
			}
		case flag:
			flags++
			var text []byte
			text, err = readPart(part, 16)
			tooLong := errors.As(err, new(*refusal))
			if tooLong {
				err = nil // it is no file
			}
			value := string(text)
			u.dryRun = value != "false"
			switch {
			case flags > 1:
				malformedFlag.add(flag, "must be given once")
			case tooLong || value != "true" && value != "false":
				malformedFlag.add(flag, "must be true or false")
			}
		}
		if err != nil {
			return u, err
		}
	}
	return u, brokenForm(errors.New("too many parts"))
}

// refusal says what is wrong with a form that could be read: a switch that is none
// is 400, as a parameter would be, a missing file 422.
func (u *upload) refusal(found, malformedFlag faults) error {
	if !clean(u.name) || utf8.RuneCountInString(u.name) > 255 {
		malformedFlag.add("file", "must have a name in UTF-8 of at most 255 characters")
	}
	switch {
	case len(malformedFlag) > 0:
		return append(malformedFlag, found...).badRequest()
	case len(found) > 0:
		return found.refusal()
	}
	return nil
}

func brokenForm(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return err
	}
	return &refusal{status: http.StatusBadRequest, code: gen.ErrorCodeBadRequest, message: "The form could not be read", cause: err}
}

func readPart(part *multipart.Part, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, brokenForm(err)
	}
	if int64(len(content)) > limit {
		return nil, fileTooLarge(limit)
	}
	return content, nil
}
