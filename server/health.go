package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
)

// envelope is that of an answer which the contract does not have.
type envelope[T any] struct {
	Success bool             `json:"success"`
	Data    T                `json:"data"`
	Meta    gen.ResponseMeta `json:"meta"`
}

type healthStatus struct {
	Status string `json:"status"`
}

// health says that the process answers.
func (s *Server) health(c echo.Context) error {
	return c.JSON(http.StatusOK, envelope[healthStatus]{Success: true, Data: healthStatus{"ok"}, Meta: s.meta(c.Request().Context())})
}

// ready says that requests can be served: the database answers, has this
// binary's schema, and the server is not draining.
func (s *Server) ready(c echo.Context) error {
	if s.draining.Load() {
		return errBusy
	}
	if err := s.store.Ready(c.Request().Context()); err != nil {
		unready := *errBusy
		unready.cause = err
		return &unready
	}
	return c.JSON(http.StatusOK, envelope[healthStatus]{Success: true, Data: healthStatus{"ready"}, Meta: s.meta(c.Request().Context())})
}
