package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
)

type envelope struct {
	Success bool   `json:"success"`
	Data    any    `json:"data,omitempty"`
	Error   any    `json:"error,omitempty"`
	Meta    metaIn `json:"meta"`
}

type metaIn struct {
	Timestamp time.Time `json:"timestamp"`
	RequestID string    `json:"request_id"`
}

func answer(w http.ResponseWriter, status int, data any) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	e := envelope{Success: status < 400, Meta: metaIn{Timestamp: time.Now().UTC(), RequestID: hex.EncodeToString(id[:])}}
	if e.Success {
		e.Data = data
	} else {
		e.Error = data
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Request-Id", e.Meta.RequestID)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e) // whoever has gone needs no answer
}

type customer struct {
	ID            uuid.UUID       `json:"id"`
	LegalName     string          `json:"legal_name"`
	TradeName     *string         `json:"trade_name,omitempty"`
	NIF           *string         `json:"nif,omitempty"`
	AltType       *string         `json:"-"`
	AltNumber     *string         `json:"-"`
	AltCountry    *string         `json:"-"`
	Address       address         `json:"address"`
	Phone         *string         `json:"phone,omitempty"`
	Email         *string         `json:"email"`
	Web           *string         `json:"web"`
	BillingEmails json.RawMessage `json:"billing_emails,omitempty"`
	ContactPerson *string         `json:"contact_person,omitempty"`
	Notes         *string         `json:"notes,omitempty"`
	PaymentMethod json.RawMessage `json:"preferred_payment_method,omitempty"`
	Discount      float64         `json:"general_discount"`
	Active        bool            `json:"active"`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
}

type address struct {
	Street      string  `json:"street"`
	Number      string  `json:"number"`
	Floor       *string `json:"floor,omitempty"`
	Door        *string `json:"door,omitempty"`
	PostalCode  string  `json:"postal_code"`
	City        string  `json:"city"`
	Province    string  `json:"province"`
	Country     string  `json:"country"`
	CountryCode string  `json:"country_code"`
}

type page struct {
	Customers  []customer `json:"customers"`
	Pagination pagination `json:"pagination"`
}

type pagination struct {
	CurrentPage  int  `json:"current_page"`
	TotalPages   int  `json:"total_pages"`
	TotalItems   int  `json:"total_items"`
	ItemsPerPage int  `json:"items_per_page"`
	HasNext      bool `json:"has_next"`
	HasPrevious  bool `json:"has_previous"`
}
