package contactfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNoCellIsAFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"":                  "",
		"Pan":               "Pan",
		"=1+1":              "'=1+1",
		"=cmd|'/C calc'!A0": "'=cmd|'/C calc'!A0",
		"+34 910":           "'+34 910",
		"-5":                "'-5",
		"@SUM(A1)":          "'@SUM(A1)",
		"\t=1":              "'\t=1",
		"\r=1":              "'\r=1",
		"\n=1":              "'\n=1",
		"＝1":                "'＝1",
		"＋1":                "'＋1",
		"－1":                "'－1",
		"＠A1":               "'＠A1",
		"'=1":               "'=1",
		"1=1":               "1=1",
		"a@b.example":       "a@b.example",
		"\xff":              "\xff",
	} {
		if got := neutralize(cell); got != want {
			t.Errorf("neutralize(%q) = %q, want %q", cell, got, want)
		}
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		record := rapid.SliceOfN(rapid.StringMatching(`[=+@;"\n a-c'ñ-]{0,6}`), 2, 4).Draw(rt, "record")
		var file bytes.Buffer
		if err := WriteCSV(&file, [][]string{record}); err != nil {
			rt.Fatal(err)
		}
		text, ok := strings.CutPrefix(file.String(), byteOrderMark)
		if !ok {
			rt.Fatal("no byte order mark")
		}
		reader := csv.NewReader(strings.NewReader(text))
		reader.Comma = ';'
		got, err := reader.Read()
		if err != nil {
			rt.Fatal(err)
		}
		for i, cell := range record {
			if strings.ContainsRune("=+-@\n", rune((cell + "a")[0])) {
				record[i] = "'" + cell
			}
			if strings.ContainsRune("=+-@\t\r\n", rune((got[i] + "a")[0])) {
				rt.Fatalf("%q is a formula", got[i])
			}
		}
		if diff := cmp.Diff(record, got); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestTheTemplateIsReadByTheImport(t *testing.T) {
	var file bytes.Buffer
	if err := WriteTemplate(&file); err != nil {
		t.Fatal(err)
	}
	if want := byteOrderMark + spanish + "\r\n"; !strings.HasPrefix(file.String(), want) {
		t.Errorf("it begins with %q", file.String()[:len(want)])
	}
	contacts, err := ReadCSV(file.Bytes(), 10)
	if err != nil || len(contacts) != 2 {
		t.Fatalf("%d contacts: %v", len(contacts), err)
	}
	for _, c := range contacts {
		for i, column := range columns {
			if *column.cell(&c) == "" {
				t.Errorf("line %d has no %s", c.Line, columns[i].header)
			}
		}
	}
}

func TestAWriterThatFailsIsReported(t *testing.T) {
	for room := range 3 {
		if err := WriteTemplate(&fullDisk{room: room * 10}); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", room*10, err)
		}
	}
}

var errFull = errors.New("full")

type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}
