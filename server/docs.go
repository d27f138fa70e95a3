package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5/static"
)

// docsPage is the page around Swagger UI, whose own files come compressed.
//
//go:embed docs
var docsPage embed.FS

// docsPolicy lets the page load what this server has and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsFile is a file of the reference pages, read when it is first asked for: they
// have half a megabyte together.
type docsFile struct {
	route, mediaType string
	compressed       bool
	content          func() (docsContent, error)
}

type docsContent struct {
	body []byte
	hash string
}

// docsFiles are those of all servers of the process.
var docsFiles = []docsFile{
	newDocsFile("/docs/", "text/html; charset=utf-8", docsPage, "docs/index.html"),
	newDocsFile("/docs/icon.svg", "image/svg+xml", docsPage, "docs/icon.svg"),
	newDocsFile("/docs/docs.css", "text/css; charset=utf-8", docsPage, "docs/docs.css"),
	newDocsFile("/docs/docs.js", "text/javascript; charset=utf-8", docsPage, "docs/docs.js"),
	newDocsFile("/docs/swagger-ui.css", "text/css; charset=utf-8", static.FS, "swagger-ui.css.gz"),
	newDocsFile("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8", static.FS, "swagger-ui-bundle.js.gz"),
}

func newDocsFile(route, mediaType string, from fs.FS, path string) docsFile {
	return docsFile{route, mediaType, strings.HasSuffix(path, ".gz"), sync.OnceValues(func() (docsContent, error) {
		body, err := fs.ReadFile(from, path)
		if err != nil {
			return docsContent{}, fmt.Errorf("reference pages: %w", err)
		}
		hash := sha256.Sum256(body)
		return docsContent{body, hex.EncodeToString(hash[:16])}, nil
	})}
}

// serveDocs answers /docs/ with the reference pages. Each file has a route of its
// own, so anything else there is not found as it is everywhere.
func serveDocs(e *echo.Echo) {
	methods := []string{http.MethodGet, http.MethodHead}
	for _, f := range docsFiles {
		e.Match(methods, f.route, f.answer, secureDocs)
	}
	// The page's links are relative, so that they hold below a proxy's prefix, too.
	e.Match(methods, "/docs", func(c echo.Context) error { return c.Redirect(http.StatusTemporaryRedirect, "docs/") }, secureDocs)
}

// answer sends the file unless the caller has it already. Browsers ask each time,
// so nobody sees the pages of the version before.
func (f docsFile) answer(c echo.Context) error {
	file, err := f.content()
	if err != nil {
		return err
	}
	r, h := c.Request(), c.Response().Header()
	encoded := f.compressed && r.Header.Get(echo.HeaderAcceptEncoding) != "" && accepts(r.Header.Values(echo.HeaderAcceptEncoding), "gzip")
	tag := strconv.Quote(file.hash)
	if encoded {
		tag = strconv.Quote(file.hash + "-gzip") // a strong validator is one encoding's alone
	}
	h.Set("Etag", tag)
	h.Set(echo.HeaderCacheControl, "no-cache")
	if f.compressed {
		h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	}
	if known := strings.Join(r.Header.Values("If-None-Match"), ","); !matchesNone(&known, tag) {
		return c.NoContent(http.StatusNotModified)
	}
	h.Set(echo.HeaderContentType, f.mediaType)
	if encoded {
		h.Set(echo.HeaderContentEncoding, "gzip")
	}
	if encoded || !f.compressed {
		h.Set(echo.HeaderContentLength, strconv.Itoa(len(file.body)))
	}
	switch {
	case r.Method == http.MethodHead:
		return c.NoContent(http.StatusOK)
	case f.compressed && !encoded:
		plain, err := gzip.NewReader(bytes.NewReader(file.body))
		if err != nil {
			return fmt.Errorf("decompress: %w", err)
		}
		return c.Stream(http.StatusOK, f.mediaType, plain)
	}
	return c.Blob(http.StatusOK, f.mediaType, file.body)
}

// secureDocs keeps scripts of others away from the page, which is given keys.
func secureDocs(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderContentSecurityPolicy, docsPolicy)
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		h.Set(echo.HeaderXFrameOptions, "DENY")
		h.Set(echo.HeaderReferrerPolicy, "no-referrer")
		return next(c)
	}
}
