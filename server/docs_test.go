package server_test

import (
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/server"
)

// docsTypes are the files of the reference pages, all that is there.
var docsTypes = map[string]string{
	"/docs/":                     "text/html; charset=utf-8",
	"/docs/docs.css":             "text/css; charset=utf-8",
	"/docs/docs.js":              "text/javascript; charset=utf-8",
	"/docs/icon.svg":             "image/svg+xml",
	"/docs/swagger-ui.css":       "text/css; charset=utf-8",
	"/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}

func mustDocs(tb testing.TB) *api {
	tb.Helper()
	a := mustSQLiteAPI(tb)
	return a.with(tb, server.Options{Document: mustReadContract(tb)})
}

func (a *api) ask(method, path string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, http.NoBody)
	maps.Copy(r.Header, header)
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, r)
	return rec
}

func TestReferencePages(t *testing.T) {
	a := mustDocs(t)

	t.Run("every file is there for everybody, and for nobody else's page to frame or to guess the type of", func(t *testing.T) {
		for path, mediaType := range docsTypes {
			rec := a.ask(http.MethodGet, path, nil)
			h := rec.Header()
			got := map[string]string{"Content-Type": h.Get("Content-Type")}
			want := map[string]string{
				"Content-Type": mediaType, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
				"Referrer-Policy": "no-referrer", "Cache-Control": "no-cache", "Content-Encoding": "",
			}
			for name := range want {
				got[name] = h.Get(name)
			}
			if diff := cmp.Diff(want, got); diff != "" || rec.Code != http.StatusOK || rec.Body.Len() == 0 || len(h.Get("X-Request-Id")) != 32 {
				t.Errorf("%s: status %d, %d bytes (-want +got):\n%s", path, rec.Code, rec.Body.Len(), diff)
			}
		}
	})

	t.Run("the policy knows this server only, and no code but files", func(t *testing.T) {
		policy := a.ask(http.MethodGet, "/docs/", nil).Header().Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none';") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("got %q", policy)
		}
		if foreign := regexp.MustCompile(`https?:|\*|//`).FindString(policy); foreign != "" {
			t.Errorf("%q is in %q", foreign, policy)
		}
	})

	t.Run("the page, its style and its script name no other host", func(t *testing.T) {
		foreign := regexp.MustCompile(`https?:|["'(]//|@import|url\(\s*["']?[^"'d)]`)
		for _, path := range []string{"/docs/", "/docs/docs.css", "/docs/docs.js", "/docs/icon.svg", "/docs/swagger-ui.css"} {
			body := strings.ReplaceAll(a.ask(http.MethodGet, path, nil).Body.String(), "http://www.w3.org/2000/svg", "")
			if found := foreign.FindStringIndex(body); found != nil {
				t.Errorf("%s: %q", path, body[max(0, found[0]-40):min(len(body), found[1]+40)])
			}
		}
	})

	t.Run("Swagger UI is sent compressed to those who take that, and is the same either way", func(t *testing.T) {
		for _, path := range []string{"/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"} {
			plain := a.ask(http.MethodGet, path, http.Header{"Accept-Encoding": {"gzip;q=0, identity"}})
			packed := a.ask(http.MethodGet, path, http.Header{"Accept-Encoding": {"br, gzip"}})
			if packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Vary") != "Accept-Encoding" || plain.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: %v", path, packed.Header())
			}
			if plain.Header().Get("Etag") == packed.Header().Get("Etag") {
				t.Errorf("%s: both encodings have the ETag %s", path, plain.Header().Get("Etag"))
			}
			unpacked, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(unpacked)
			if err != nil || string(body) != plain.Body.String() {
				t.Errorf("%s: %d and %d bytes, %v", path, len(body), plain.Body.Len(), err)
			}
		}
	})

	t.Run("what a browser has is not sent again", func(t *testing.T) {
		for path := range docsTypes {
			tag := a.ask(http.MethodGet, path, nil).Header().Get("Etag")
			for given, want := range map[string]int{tag: http.StatusNotModified, `"0", W/` + tag: http.StatusNotModified, `"0"`: http.StatusOK} {
				rec := a.ask(http.MethodGet, path, http.Header{"If-None-Match": {given}})
				if rec.Code != want || rec.Header().Get("Etag") != tag || want == http.StatusNotModified && rec.Body.Len() > 0 {
					t.Errorf("%s for %s: status %d, want %d; %d bytes", path, given, rec.Code, want, rec.Body.Len())
				}
			}
		}
	})

	t.Run("HEAD says what GET does, without the body", func(t *testing.T) {
		for path := range docsTypes {
			get, head := a.ask(http.MethodGet, path, nil), a.ask(http.MethodHead, path, nil)
			get.Header().Del("X-Request-Id")
			head.Header().Del("X-Request-Id")
			if diff := cmp.Diff(get.Header(), head.Header()); diff != "" || head.Code != http.StatusOK || head.Body.Len() > 0 {
				t.Errorf("%s: status %d, %d bytes (-get +head):\n%s", path, head.Code, head.Body.Len(), diff)
			}
		}
	})

	t.Run("/docs leads there, below any prefix", func(t *testing.T) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			rec := a.ask(method, "/docs", nil)
			if rec.Code != http.StatusTemporaryRedirect || rec.Header().Get("Location") != "docs/" {
				t.Errorf("%s: status %d, Location %q", method, rec.Code, rec.Header().Get("Location"))
			}
		}
	})

	t.Run("other paths and methods are refused as everywhere", func(t *testing.T) {
		for _, path := range []string{"/docs/index.html", "/docs/docs.css/", "/docs/swagger-ui-bundle.js.gz", "/docs/docs/index.html", "/docs/../server/docs.go", "/docs//"} {
			if rec := a.ask(http.MethodGet, path, nil); rec.Code != http.StatusNotFound || !strings.Contains(rec.Body.String(), "ENDPOINT_NOT_FOUND") {
				t.Errorf("%s: status %d: %s", path, rec.Code, rec.Body)
			}
		}
		for _, path := range []string{"/docs", "/docs/", "/docs/docs.js"} {
			rec := a.ask(http.MethodPost, path, nil)
			if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "OPTIONS, GET, HEAD" || !strings.Contains(rec.Body.String(), "METHOD_NOT_ALLOWED") {
				t.Errorf("%s: status %d, Allow %q: %s", path, rec.Code, rec.Header().Get("Allow"), rec.Body)
			}
		}
	})

	t.Run("the log names the file as it names other routes", func(t *testing.T) {
		a.ask(http.MethodGet, "/docs/docs.css", nil)
		if !strings.Contains(a.log.String(), `"route":"/docs/docs.css","status":200`) {
			t.Errorf("got\n%s", a.log)
		}
	})
}

func TestWithoutAContractThereAreNoReferencePages(t *testing.T) {
	if rec := mustSQLiteAPI(t).ask(http.MethodGet, "/docs/", nil); rec.Code != http.StatusNotFound {
		t.Errorf("status %d, want 404", rec.Code)
	}
}
