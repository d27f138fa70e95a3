package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// client is one kept connection. It writes requests itself: net/http's client
// takes as much time as a fast server, on the same machine.
type client struct {
	host    string
	conn    net.Conn
	reader  *bufio.Reader
	request bytes.Buffer
}

func dial(address string) (*client, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second) //nolint:noctx // the process ends with it
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &client{host: address, conn: conn, reader: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// do sends one request and reads its answer to the end.
func (c *client) do(method, path, key, body string, status int) error {
	c.request.Reset()
	fmt.Fprintf(&c.request, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n", method, path, c.host, key)
	if body != "" {
		fmt.Fprintf(&c.request, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	c.request.WriteString("\r\n" + body)
	if _, err := c.request.WriteTo(c.conn); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != status {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return fmt.Errorf("answered %s and not %d: %s", answer.Status, status, text)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	return nil
}
