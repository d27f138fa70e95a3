package contactfile

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countries has ISO codes by names: the code itself, and what the country is
// called in Spanish and in English, all in lower case.
var countries = sync.OnceValue(func() map[string]string {
	codes := map[string]string{}
	spanish, english := display.Regions(language.Spanish), display.Regions(language.English)
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			region, err := language.ParseRegion(string([]rune{first, second}))
			if err != nil || !region.IsCountry() || region != region.Canonicalize() {
				continue
			}
			for _, name := range []string{region.String(), spanish.Name(region), english.Name(region)} {
				codes[strings.ToLower(name)] = region.String()
			}
		}
	}
	return codes
})

// recognizeCountry returns a country's name and code; the code is empty where the
// name is none that is known. Spain is meant where nothing is said.
func recognizeCountry(text string) (name, code string) {
	if text == "" {
		return "España", "ES"
	}
	code = countries()[strings.ToLower(text)]
	if strings.EqualFold(text, code) {
		return display.Regions(language.Spanish).Name(language.MustParseRegion(code)), code
	}
	return text, code
}
