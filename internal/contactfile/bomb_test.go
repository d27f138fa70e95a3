//go:build !race

// The race detector takes several times the memory that is measured here, and a
// minute for each file.

package contactfile

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
)

// Small files that unpack to what fills a machine's memory.
func TestABombIsRefusedInLittleMemory(t *testing.T) {
	const sheet, texts = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
	t.Setenv("TMPDIR", t.TempDir())
	export := mustExport(t, holdedNames, []any{"Ana", "12345678Z"})
	zeros := strings.Repeat("\x00", 40<<20)
	fill := func(before, s, after string, size int) string {
		return before + strings.Repeat(s, size/len(s)) + after
	}
	for name, file := range map[string][]byte{
		"a sheet of zeros":           mustRepack(t, export, sheet, zeros),
		"texts of zeros":             mustRepack(t, export, texts, zeros),
		"styles of zeros":            mustRepack(t, export, "xl/styles.xml", zeros),
		"a part nobody reads":        mustRepack(t, export, "xl/media/image1.png", zeros),
		"many sheets":                mustRepack(t, mustRepack(t, export, "xl/worksheets/sheet2.xml", zeros[:15<<20]), "xl/worksheets/sheet3.xml", zeros[:15<<20]),
		"empty rows":                 mustRepack(t, export, sheet, fill("<worksheet><sheetData>", "<row/>", "</sheetData></worksheet>", 15<<20)),
		"a row of empty cells":       mustRepack(t, export, sheet, fill("<worksheet><sheetData><row/><row/><row>", "<c/>", "</row></sheetData></worksheet>", 15<<20)),
		"empty texts, one is wanted": mustRepack(t, mustRepack(t, export, texts, fill("<sst>", "<si/>", "</sst>", 7<<20)), sheet, `<worksheet><sheetData><row><c t="s"><v>5</v></c></row></sheetData></worksheet>`),
		"an element of attributes":   mustRepack(t, export, sheet, fill("<worksheet><sheetData><row ", `a="" `, "/></sheetData></worksheet>", 15<<20)),
		"elements inside each other": mustRepack(t, export, sheet, fill("<worksheet><sheetData><row><c>", "<is>", "", 15<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			peak := peakMemory(t, func() {
				if contacts, err := ReadHolded(file, 5000); err == nil {
					t.Errorf("%d contacts were found", len(contacts))
				}
			})
			t.Logf("file %d KiB, peak %d MiB", len(file)>>10, peak>>20)
			if peak > 192<<20 {
				t.Errorf("%d MiB were in use", peak>>20)
			}
		})
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 1 {
		t.Errorf("temporary files are left: %v %v", left, err)
	}
}

// peakMemory is what the heap grew to beyond its size before, garbage included.
func peakMemory(tb testing.TB, do func()) uint64 {
	tb.Helper()
	runtime.GC()
	before := heap()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			most = max(most, heap())
			select {
			case <-done:
				peak <- most
				return
			default:
				runtime.Gosched()
			}
		}
	}()
	do()
	close(done)
	return max(<-peak, before) - before
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
